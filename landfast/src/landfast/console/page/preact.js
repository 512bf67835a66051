// Preact with its hooks, and htm's templates in place of JSX: what every other module draws with.
import { Fragment, h, render } from "preact";
import htm from "htm";

export { Fragment, render };
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
export const html = htm.bind(h);
