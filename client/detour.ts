/**
 * What pages live on where the server answers and yet no websocket comes through (a proxy that strips upgrades):
 * their snapshots, fetched again every now and then while somebody looks. It is taken only after several
 * attempts in a row failed beside an answer, because a server that is just back answers before its sockets do.
 */
export interface DetourParts {
  /** Whether the server answers a plain request. */
  askServer(): Promise<boolean>;
  isLookedAt(): boolean;
  refresh(): void;
  onTaken(isTaken: boolean): void;
  everyMs: number;
}

export interface Detour {
  /** A websocket did not come through. */
  noteFailure(): Promise<void>;
  /** Somebody looks again at a page that was hidden. */
  comeBack(): void;
  /** A websocket came through, or none is wanted any more. */
  leave(): void;
}

const failuresBelieved = 3;

export const createDetour = (parts: DetourParts): Detour => {
  let failures = 0;
  let isTaken = false;
  /** An answer to a question from before one left is not believed. */
  let journey = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const refresh = () => {
    if (parts.isLookedAt()) parts.refresh();
  };

  const take = (next: boolean) => {
    if (next === isTaken) return;
    isTaken = next;
    clearInterval(timer);
    parts.onTaken(isTaken);
    if (!isTaken) return;
    refresh();
    timer = setInterval(refresh, parts.everyMs);
  };

  return {
    async noteFailure() {
      if (!parts.isLookedAt()) return;
      const asked = journey;
      const isAnswered = await parts.askServer();
      if (asked !== journey) return;
      failures = isAnswered ? failures + 1 : 0;
      take(failures >= failuresBelieved);
    },
    comeBack() {
      if (isTaken) refresh();
    },
    leave() {
      journey += 1;
      failures = 0;
      take(false);
    },
  };
};
