/**
 * What happened, as one sentence for the person who reads it. Anything may arrive here: a server that is
 * newer than this page knows kinds and reasons that this page does not, and they become plain lines.
 */
import type { Event } from "../../shared/contract/activity.ts";
import type { AccountName } from "../../shared/contract/sessions.ts";
import type { Text } from "./en.ts";
import { beginSentence } from "./phrase.ts";
import type { Phrase, Who } from "./phrase.ts";

type Reader = { id: string } | null;

export const describeEvent = (event: Event, text: Text, reader: Reader): Phrase =>
  beginSentence(tell(event, text, reader), text.locale);

/** By its own key only: a reason named "toString" is no reason. */
const findIn = <Value>(values: Readonly<Record<string, Value>>, key: string | undefined) =>
  key !== undefined && Object.hasOwn(values, key) ? values[key] : undefined;

const tell = (event: Event, text: Text, reader: Reader): Phrase => {
  const words = text.events;
  const nameOr = (account: AccountName | undefined, otherwise: string): Who =>
    account?.id !== undefined && account.id === reader?.id ? words.you : (account ?? otherwise);
  const who = nameOr(event.account, words.somebody);
  const by = nameOr(event.by, words.administrator);
  const what = event.resource?.name ?? words.something;
  const isOwnDoing = event.by !== undefined && event.by.id === event.account?.id;

  switch (event.type) {
    case "sign_in.succeeded":
      return words.signedIn(who);
    case "sign_in.failed":
      return tellRefusal(event, text, who);
    case "session.opened":
      return (findIn(words.opened, event.kind) ?? words.opened.account)(who);
    case "session.ended":
      return tellEnd(event, text, who, isOwnDoing ? null : by);
    case "everyone.ended":
      return event.reason === "restored" ? words.everyoneRestored : words.everyoneEnded(by);
    case "permissions.changed":
      return tellPermissions(event, text, who, by);
    case "account.created":
      return event.by ? words.accountCreatedBy(by, who) : words.accountCreated(who);
    case "account.disabled":
      return words.accountDisabled(by, who);
    case "account.enabled":
      return words.accountEnabled(by, who);
    case "password.changed":
      return isOwnDoing ? words.passwordChanged(who) : words.passwordSet(by, who);
    case "device.new":
      return words.newDevice(who);
    case "theft.detected":
      return words.theft(who);
    case "bin.merged":
      return words.binMerged(who);
    case "reservation.held":
      return words.reserved(who, what);
    case "reservation.released":
      return event.by && !isOwnDoing ? words.releasedBy(by, who, what) : words.released(who, what);
    case "reservation.expired":
      return words.expired(who, what);
    case "outcome.success":
      return words.claimed(who, what);
    case "outcome.fail":
      return (findIn(words.failed, event.code) ?? words.failedOther)(who, what);
    case "outcome.hack":
      return (findIn(words.suspected, event.code) ?? words.suspectedOther)(who, what);
    case "outcome.judged":
      return event.verdict === "hack" ? words.judgedHack(by, who) : words.judgedMistake(by, who);
    default:
      return tellUnknown(event, text, who);
  }
};

const tellUnknown = ({ type, account }: Event, text: Text, who: Who): Phrase =>
  account ? text.events.unknownAbout(type, who) : text.events.unknown(type);

const tellRefusal = ({ account, reason }: Event, { events: words }: Text, who: Who): Phrase => {
  if (account) return (findIn(words.refused, reason) ?? words.refused.other)(who);
  return reason === "limited" ? words.refusedUnknownLimited : words.refusedUnknown;
};

/** `by`: null when the account itself did it, which an administrator may do to an own session too. */
const tellEnd = (event: Event, text: Text, who: Who, by: Who | null): Phrase => {
  const words = text.events;
  const { reason = "" } = event;
  if (!event.account)
    return event.by && by
      ? words.guestEndedBy(by)
      : words.guestEnded(findIn(text.endReasons, reason) ?? reason);
  if (reason === "admin" && by === null) return words.ended.revoked(who);
  const told = findIn(words.ended, reason);
  return told ? told(who, by ?? who) : words.endedForUnknownReason(who);
};

const tellPermissions = (event: Event, text: Text, who: Who, by: Who): Phrase => {
  const nameOf = (permission: string) => findIn(text.permissions, permission)?.name ?? permission;
  const added = (event.added ?? []).map(nameOf);
  const removed = (event.removed ?? []).map(nameOf);
  if (added.length > 0 && removed.length > 0) return text.events.permitted(by, who, added, removed);
  if (added.length > 0) return text.events.allowed(by, who, added);
  if (removed.length > 0) return text.events.disallowed(by, who, removed);
  return text.events.permissionsChanged(by, who);
};

/** What somebody wrote about it: the message of an end, or why an account was disabled. */
export const quoteOf = ({ type, message, reason }: Event): string | undefined =>
  message ?? (type === "account.disabled" ? reason : undefined);
