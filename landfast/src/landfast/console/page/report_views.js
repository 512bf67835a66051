// The views of a report file, which stand in it for those of `views.js`: what needs no server.
import accountsTexts from "console/languages/accounts.js";
import eventTexts from "console/languages/events.js";
import { Accounts } from "console/views/accounts.js";
import { Events } from "console/views/events.js";

export const views = [
  { name: "accounts", View: Accounts, texts: accountsTexts, offline: true, icon: "M3 2h7l3 3v9H3zM5 8h6M5 11h6" },
  { name: "events", View: Events, texts: eventTexts, offline: true, icon: "M2 3h12M2 8h12M2 13h8" },
];
