/** Sentences composed from the dictionary and the contract's shapes, alike on every page. */
import type { Account } from "../../shared/contract/accounts.ts";
import type { Rule } from "../../shared/contract/catalogue.ts";
import type { EndReason, Receipt, Session } from "../../shared/contract/sessions.ts";
import { ApiError } from "../api.ts";
import type { Obstacle } from "../state/entitlement.ts";
import type { Text } from "./en.ts";
import type { Format } from "./format.ts";

export const describeReceipt = (receipt: Receipt, text: Text): string =>
  receipt.ended === 0
    ? text.receipt.already
    : `${text.receipt.ended(receipt.ended)} ${describeConfirmation(receipt, text)}`;

const describeConfirmation = (receipt: Receipt, text: Text): string => {
  const missing = receipt.confirmed.missing ?? [];
  const confirmation = text.receipt.confirmation(receipt);
  return missing.length > 0 ? `${confirmation} ${text.receipt.missing(missing)}` : confirmation;
};

/** What a new password did to the account's other devices. */
export const describePasswordChange = (
  receipt: Receipt,
  endedOthers: boolean,
  text: Text,
): string => {
  if (!endedOthers) return text.password.othersKept;
  return receipt.ended === 0
    ? text.password.noneEnded
    : `${text.password.ended(receipt.ended)} ${describeConfirmation(receipt, text)}`;
};

/** What went wrong, for a person; null when the person called it off. */
export const describeError = (error: unknown, text: Text, format: Format): string | null => {
  if (!(error instanceof ApiError)) return text.errors.internal_error;
  if (error.code === "reauthentication_required") return null;
  const sentence = text.errors[error.code];
  return error.code === "too_many_attempts" && error.retryAfterSeconds
    ? text.tryAgainIn(sentence, format.wait(error.retryAfterSeconds))
    : sentence;
};

/** Said beside the field of a password that was asked for again. */
export const isWrongPassword = (error: unknown): boolean =>
  error instanceof ApiError && error.code === "invalid_credentials";

/** What is wrong with one field of a form, as the server said it. */
export const faultOf = (error: unknown, field: string): string | undefined =>
  error instanceof ApiError
    ? error.faults.find(({ path }) => path.split(".").at(-1) === field)?.message
    : undefined;

export const describeEnd = (
  end: { reason: EndReason; by?: { id: string; username: string } | undefined },
  text: Text,
  reader: { id: string } | null,
): string => {
  const reason = text.endReasons[end.reason];
  if (end.reason === "revoked" && end.by && end.by.id !== reader?.id)
    return text.account.endedByOwner;
  if ((end.reason !== "admin" && end.reason !== "account_disabled") || !end.by) return reason;
  return end.by.id === reader?.id ? text.endedByYou(reason) : text.endedBy(reason, end.by.username);
};

/** What the device is, whatever its owner calls it; null when that would only repeat its name. */
export const describeSystem = ({ device }: Session, text: Text): string | null => {
  const { browser, os } = device;
  const system = browser && os ? text.session.browserOnSystem(browser, os) : (browser ?? os);
  // A device that nobody named is called by what it is, by the server and in English.
  const isItsName = device.name === system || device.name === `${browser} on ${os}`;
  return system && !isItsName ? system : null;
};

/** Where the server says that a session is. */
export const describeLocation = ({ location }: Session, text: Text): string => {
  if (location === undefined) return text.session.unknownLocation;
  const known: Readonly<Record<string, string>> = text.session.locations;
  return Object.hasOwn(known, location) ? (known[location] ?? location) : location;
};

export const describePlace = (
  account: Pick<Account, "city" | "country">,
  format: Format,
): string | null => {
  const country = account.country && format.countryName(account.country);
  return [account.city, country].filter(Boolean).join(", ") || null;
};

export const shortId = (id: string): string => id.slice(0, 8);

/** Whom a resource is for. */
export const describeRule = (rule: Rule | undefined, text: Text, format: Format): string => {
  const countries = rule?.countries?.map((code) => format.countryName(code)) ?? [];
  const cities = rule?.cities ?? [];
  if (countries.length === 0 && cities.length === 0) return text.desk.catalogue.everyone;
  return countries.length > 0 && cities.length > 0
    ? text.desk.catalogue.onlyInCities(cities, countries)
    : text.desk.catalogue.onlyIn([...cities, ...countries]);
};

/** Why this account may not reserve it. */
export const describeObstacle = (
  obstacle: Obstacle,
  account: Account,
  text: Text,
  format: Format,
): string => {
  const words = text.desk.catalogue.notFor;
  if (obstacle === "place") return words.place(describePlace(account, format) ?? "");
  return words[obstacle];
};
