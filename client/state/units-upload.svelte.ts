/**
 * Units on their way into a resource, typed or from a file: how far they have got, and what became of them.
 * Until the last of them is sent it can be called off, and then nothing was added; after that only the
 * server knows, and sending the same again does no harm.
 */
import { adminCatalogueRoutes } from "../../shared/contract/catalogue.ts";
import type { UnitsAdded } from "../../shared/contract/catalogue.ts";
import type { ResourceId } from "../../shared/ids.ts";
import type { Call } from "../api.ts";

export interface UnitsUpload {
  /** `sending` can be called off; `checking` cannot. */
  readonly step: "choosing" | "sending" | "checking" | "added" | "canceled" | "failed";
  /** What of it is on its way, 0 to 1. */
  readonly share: number;
  readonly result: UnitsAdded | null;
  readonly failure: unknown;
  send(lines: Blob): Promise<void>;
  cancel(): void;
  startOver(): void;
}

export const createUnitsUpload = (call: Call, id: ResourceId): UnitsUpload => {
  let step = $state<UnitsUpload["step"]>("choosing");
  let share = $state(0);
  let result = $state.raw<UnitsAdded | null>(null);
  let failure = $state.raw<unknown>(null);
  let calling: AbortController | null = null;

  const send = async (lines: Blob) => {
    const { signal } = (calling = new AbortController());
    [step, share, result, failure] = ["sending", 0, null, null];
    const onProgress = (sent: number) => {
      share = lines.size === 0 ? 1 : Math.min(1, sent / lines.size);
      step = share === 1 ? "checking" : "sending";
    };
    try {
      const upload = { lines, onProgress, signal };
      result = await call(adminCatalogueRoutes.uploadUnits, { params: { id } }, { upload });
      step = "added";
    } catch (error) {
      [step, failure] = [signal.aborted ? "canceled" : "failed", error];
    }
  };

  return {
    get step() {
      return step;
    },
    get share() {
      return share;
    },
    get result() {
      return result;
    },
    get failure() {
      return failure;
    },
    send,
    cancel() {
      if (step === "sending") calling?.abort();
    },
    startOver: () => ([step, failure, result] = ["choosing", null, null]),
  };
};
