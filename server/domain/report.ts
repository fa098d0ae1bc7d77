/** What a part may say to the operator's log; the log itself is given by the composition root. */
export interface Report {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
}
