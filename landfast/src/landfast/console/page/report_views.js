// The views of a report file, which stand in it for those of `views.js`: what needs no server.
import accountTexts from "console/languages/account.js";
import accountsTexts from "console/languages/accounts.js";
import eventTexts from "console/languages/event.js";
import eventsTexts from "console/languages/events.js";
import rulesTexts from "console/languages/rules.js";
import { Accounts } from "console/views/accounts.js";
import { Event } from "console/views/event.js";
import { Events } from "console/views/events.js";
import { Rules } from "console/views/rules.js";

export const views = [
  { name: "accounts", View: Accounts, texts: accountsTexts, offline: true, icon: "M3 2h7l3 3v9H3zM5 8h6M5 11h6" },
  { name: "events", View: Events, One: Event, texts: { ...eventsTexts, ...eventTexts, ...accountTexts }, offline: true, icon: "M2 3h12M2 8h12M2 13h8" },
  { name: "rules", View: Rules, texts: rulesTexts, offline: true },
];
