// The views, in the order of the navigation: each with its texts, and whether it can do without a server.
import accountTexts from "console/languages/account.js";
import clockTexts from "console/languages/clock.js";
import eventTexts from "console/languages/event.js";
import eventsTexts from "console/languages/events.js";
import failureTexts from "console/languages/failures.js";
import functionTexts from "console/languages/functions.js";
import mapTexts from "console/languages/map.js";
import queuesTexts from "console/languages/queues.js";
import rulesTexts from "console/languages/rules.js";
import sendTexts from "console/languages/send.js";
import streamsTexts from "console/languages/streams.js";
import whatifTexts from "console/languages/whatif.js";
import { lazy } from "console/parts/lazy.js";

const Clock = lazy(() => import("console/views/clock.js"), "Clock");
const Event = lazy(() => import("console/views/event.js"), "Event");
const Events = lazy(() => import("console/views/events.js"), "Events");
const Failures = lazy(() => import("console/views/failures.js"), "Failures");
const Functions = lazy(() => import("console/views/functions.js"), "Functions");
const Map = lazy(() => import("console/views/map.js"), "Map");
const Queue = lazy(() => import("console/views/queues.js"), "Queue");
const Queues = lazy(() => import("console/views/queues.js"), "Queues");
const Rules = lazy(() => import("console/views/rules.js"), "Rules");
const Send = lazy(() => import("console/views/send.js"), "Send");
const Stream = lazy(() => import("console/views/streams.js"), "Stream");
const Streams = lazy(() => import("console/views/streams.js"), "Streams");
const WhatIf = lazy(() => import("console/views/whatif.js"), "WhatIf");

/**
 * `icon` is a path on a 16 by 16 grid; a view without one is reached by links only. `One` is what the view is of one of
 * its things: `#/events/ID`.
 */
export const views = [
  { name: "map", View: Map, texts: mapTexts, offline: false, icon: "M2 3h4v4H2zM10 9h4v4h-4zM6 5h3v6h1" },
  { name: "events", View: Events, One: Event, texts: { ...eventsTexts, ...eventTexts }, offline: false, icon: "M2 3h12M2 8h12M2 13h8" },
  { name: "failures", View: Failures, texts: failureTexts, offline: false, icon: "M8 2l6.5 12h-13zM8 6.5v3.5M8 11.5v1" },
  { name: "queues", View: Queues, One: Queue, texts: queuesTexts, offline: false, icon: "M2 3h3v10H2zM6.5 3h3v10h-3zM11 3h3v10h-3z" },
  { name: "streams", View: Streams, One: Stream, texts: streamsTexts, offline: false, icon: "M1 4h14M1 8h14M1 12h14" },
  { name: "send", View: Send, texts: sendTexts, offline: false, icon: "M2 8h11M9 4l4 4-4 4" },
  { name: "functions", View: Functions, texts: functionTexts, offline: false, icon: "M3 2h3l7 12M7 7l-5 7" },
  { name: "clock", View: Clock, texts: clockTexts, offline: false, icon: "M8 1.5a6.5 6.5 0 1 0 .01 0M8 4v4.5l3 1.5" },
  { name: "whatif", View: WhatIf, texts: { ...whatifTexts, ...accountTexts }, offline: false, icon: "M4 14V2m0 6h4a4 4 0 0 0 4-4V2M4 8h4a4 4 0 0 1 4 4v2M10 4l2-2 2 2M10 12l2 2 2-2" },
  { name: "rules", View: Rules, texts: rulesTexts, offline: false },
];
