/**
 * What this device is asked to approve: reservations that another device of the account made and that wait
 * for a second one. A question goes by itself when it was answered anywhere, or is over.
 */
import type { Reservation } from "../../shared/contract/reservations.ts";
import type { ReservationId } from "../../shared/ids.ts";
import { ApiError } from "../api.ts";
import type { Clock } from "./clock.svelte.ts";
import type { Devices } from "./devices.svelte.ts";
import type { Me } from "./me.svelte.ts";
import type { Reservations } from "./reservations.svelte.ts";

export interface Approvals {
  readonly waiting: readonly Reservation[];
  /** The name of the device that asked, if it is still known. */
  askedOn(reservation: Reservation): string | null;
  approve(reservation: Reservation): Promise<void>;
  /** It was somebody else: the unit goes back. */
  reject(reservation: Reservation): Promise<void>;
}

interface ApprovalsParts {
  reservations: Pick<Reservations, "held" | "doTask" | "release">;
  devices: Pick<Devices, "rows" | "ended">;
  me: Pick<Me, "session">;
  clock: Clock;
}

export const createApprovals = (parts: ApprovalsParts): Approvals => {
  const { reservations, devices, me, clock } = parts;
  /** Asking again would be refused again: this device is too new to the account. */
  let refused = $state.raw<readonly ReservationId[]>([]);

  return {
    get waiting() {
      return reservations.held.filter(
        ({ id, task, taskDone, sessionId, expiresAt }) =>
          me.session &&
          task === "other_device" &&
          !taskDone &&
          sessionId !== me.session.id &&
          !refused.includes(id) &&
          Date.parse(expiresAt) > clock.now,
      );
    },
    askedOn({ sessionId }) {
      const sessions = [...devices.rows.map(({ session }) => session), ...devices.ended];
      return sessions.find(({ id }) => id === sessionId)?.device.name ?? null;
    },
    async approve({ id }) {
      try {
        await reservations.doTask(id, { approve: true });
      } catch (error) {
        if (error instanceof ApiError && error.code === "other_device_needed")
          refused = [...refused, id];
        throw error;
      }
    },
    reject: ({ id }) => reservations.release(id),
  };
};
