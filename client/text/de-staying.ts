/** Angemeldet bleiben, oder sich an Ort und Stelle wieder anmelden. */
import type { StayingText } from "./en-staying.ts";

export const deStaying: StayingText = {
  label: "Ihre Sitzung endet bald",
  idle: (wait) => `Sie werden ${wait} abgemeldet, weil hier nichts geschieht.`,
  stay: "Angemeldet bleiben",
  pending: "Einen Moment …",
  lifetime: (wait) =>
    `Ihre Sitzung endet ${wait}: sie hat ihre längste Dauer erreicht. Danach können Sie sich gleich hier wieder anmelden; was Sie getippt haben, bleibt stehen.`,

  title: "Zum Weitermachen wieder anmelden",
  kept: "Die Seite darunter bleibt, wie Sie sie verlassen haben.",
  submit: "Anmelden und weitermachen",
  checking: "Wird angemeldet …",
  somebodyElse: "Diese Seite verlassen und ein anderes Konto benutzen",
};
