/**
 * What happened, in English: one sentence for each kind of event, part of the dictionary in en.ts. Each
 * reads right with a username, with "you" and with "a guest" in any place, so no verb in it agrees with them.
 */
import type { EventType } from "../../shared/contract/activity.ts";
import type { EndReason } from "../../shared/contract/sessions.ts";
import { phrase } from "./phrase.ts";
import type { Phrase, Who } from "./phrase.ts";

type About = (who: Who) => Phrase;
type Done = (by: Who, who: Who) => Phrase;
type AboutThing = (who: Who, what: string) => Phrase;
type DoneThing = (by: Who, who: Who, what: string) => Phrase;

const list = new Intl.ListFormat("en");

export const enEvents = {
  you: "you",
  administrator: "an administrator",
  guest: "a guest",
  somebody: "somebody",

  /** As a choice among kinds of events. */
  types: {
    "sign_in.succeeded": "Sign-ins",
    "sign_in.failed": "Refused sign-ins",
    "session.opened": "Sessions opened",
    "session.ended": "Sessions ended",
    "everyone.ended": "Everyone signed out",
    "permissions.changed": "Permissions changed",
    "account.created": "Accounts created",
    "account.disabled": "Accounts disabled",
    "account.enabled": "Accounts enabled",
    "password.changed": "Passwords changed",
    "device.new": "New devices",
    "theft.detected": "Stolen sign-ins",
    "bin.merged": "Bins merged",
    "reservation.held": "Reservations made",
    "reservation.released": "Reservations given back",
    "reservation.expired": "Reservations expired",
    "outcome.success": "Claims",
    "outcome.fail": "Desk: refused",
    "outcome.hack": "Desk: suspicious",
    "outcome.judged": "Suspicions judged",
  } satisfies Record<EventType, string>,

  signedIn: ((who) => phrase`${who} signed in`) as About,
  refused: {
    credentials: (who) => phrase`A sign-in as ${who} was refused: wrong password`,
    disabled: (who) => phrase`A sign-in as ${who} was refused: the account is disabled`,
    limited: (who) => phrase`A sign-in as ${who} was refused: too many attempts`,
    other: (who) => phrase`A sign-in as ${who} was refused`,
  } satisfies Record<string, About>,
  refusedUnknown: phrase`A sign-in was refused: there is no such account`,
  refusedUnknownLimited: phrase`A sign-in was refused: too many attempts`,

  opened: {
    account: (who) => phrase`A session opened for ${who}`,
    token: (who) => phrase`An app signed in as ${who}`,
    guest: () => phrase`A guest’s visit began`,
  } satisfies Record<string, About>,

  ended: {
    signed_out: (who) => phrase`${who} signed out`,
    revoked: (who) => phrase`${who} signed another device out`,
    admin: (who, by) => phrase`${by} signed ${who} out on one device`,
    password_changed: (who) => phrase`A new password signed ${who} out on one device`,
    replaced: (who) => phrase`${who} signed in again, which ended the earlier session`,
    limit: (who) => phrase`Too many devices: the one least used signed ${who} out`,
    expired_idle: (who) => phrase`An unused session expired for ${who}`,
    expired_lifetime: (who) => phrase`A session reached its longest lifetime for ${who}`,
    account_disabled: (who) => phrase`The account was disabled, which signed ${who} out`,
    theft: (who) => phrase`A stolen sign-in was used, which signed ${who} out on one device`,
    restored: (who) => phrase`The server was restored from a backup, which signed ${who} out`,
  } satisfies Record<EndReason, (who: Who, by: Who) => Phrase>,
  endedForUnknownReason: ((who) => phrase`A session ended for ${who}`) as About,
  guestEnded: (reason: string) => phrase`A guest’s visit ended: ${reason}`,
  guestEndedBy: ((by) => phrase`${by} ended a guest’s visit`) as About,

  everyoneEnded: ((by) => phrase`${by} signed everyone out`) as About,
  everyoneRestored: phrase`The server was restored from a backup, which signed everyone out`,

  allowed: (by: Who, who: Who, added: readonly string[]) =>
    phrase`${by} allowed ${who}: ${list.format(added)}`,
  disallowed: (by: Who, who: Who, removed: readonly string[]) =>
    phrase`${by} took from ${who}: ${list.format(removed)}`,
  permitted: (by: Who, who: Who, added: readonly string[], removed: readonly string[]) =>
    phrase`${by} changed what ${who} may do: now ${list.format(added)}; no longer ${list.format(removed)}`,
  permissionsChanged: ((by, who) => phrase`${by} changed what ${who} may do`) as Done,

  accountCreated: ((who) => phrase`An account was created for ${who}`) as About,
  accountCreatedBy: ((by, who) => phrase`${by} created an account for ${who}`) as Done,
  accountDisabled: ((by, who) => phrase`${by} disabled ${who}`) as Done,
  accountEnabled: ((by, who) => phrase`${by} enabled ${who} again`) as Done,
  passwordChanged: ((who) => phrase`${who} changed the password`) as About,
  passwordSet: ((by, who) => phrase`${by} set a new password for ${who}`) as Done,
  newDevice: ((who) => phrase`${who} signed in on a device that is new to the account`) as About,
  theft: ((who) => phrase`Somebody tried a stolen sign-in to come in as ${who}`) as About,
  binMerged: ((who) => phrase`${who} took a visit’s bin along at sign-in`) as About,
  reserved: ((who, what) => phrase`${who} reserved ${what}`) as AboutThing,
  released: ((who, what) => phrase`${who} gave ${what} back`) as AboutThing,
  releasedBy: ((by, who, what) => phrase`${by} took ${what} back from ${who}`) as DoneThing,
  expired: ((who, what) => phrase`${what}, held for ${who}, was not claimed in time`) as AboutThing,
  claimed: ((who, what) => phrase`${who} claimed ${what}`) as AboutThing,
  something: "something",
  failed: {
    out_of_stock: (who, what) => phrase`${what} was out of stock for ${who}`,
    limit_reached: (who, what) => phrase`${what} was refused to ${who}: the limit is reached`,
    reservation_expired: (who, what) => phrase`${what} was claimed too late by ${who}`,
    already_claimed: (who, what) => phrase`${what} was claimed a second time by ${who}`,
    not_entitled: (who, what) =>
      phrase`${what} was refused to ${who}, who may not have it any more`,
  } satisfies Record<string, AboutThing>,
  failedOther: ((who, what) => phrase`${what} was refused to ${who}`) as AboutThing,
  suspected: {
    not_entitled: (who, what) =>
      phrase`Suspicious: ${who} tried to reserve ${what} without being entitled`,
    not_yours: (who, what) =>
      phrase`Suspicious: ${who} reached for somebody else’s reservation of ${what}`,
    unknown_reservation: (who) =>
      phrase`Suspicious: ${who} reached for a reservation that does not exist`,
    task_not_done: (who, what) => phrase`Suspicious: ${who} tried to claim ${what} past its task`,
  } satisfies Record<string, AboutThing>,
  suspectedOther: ((who, what) =>
    phrase`Suspicious: ${who} tried something with ${what}`) as AboutThing,
  judgedMistake: ((by, who) => phrase`${by} judged a suspicion about ${who} a mistake`) as Done,
  judgedHack: ((by, who) => phrase`${by} judged a suspicion about ${who} an attack`) as Done,
  unknown: (type: string) => phrase`An event this page does not know yet: ${type}`,
  unknownAbout: ((type, who) =>
    phrase`An event this page does not know yet: ${type}, ${who}`) as Done,
};
