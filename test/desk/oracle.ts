/**
 * The desk as it should be, in memory and one step at a time: what each request is answered, which unit is whose,
 * and where every unit is. It knows nothing of Redis; the order in which units are handed out is part of it.
 */
import type { Figures } from "../support/units.ts";

export interface Expected {
  status: number;
  code?: string;
  /** What a claim delivers. */
  unit?: string;
  /** A reservation that this step made. */
  made?: OracleReservation;
}

export interface OracleResource {
  units: string[];
  /** Handed out when there are no others left. */
  returned: string[];
  limit: number;
  hasTask: boolean;
  isRemoved: boolean;
  figures: Figures;
}

export interface OracleReservation {
  /** As the server called it. */
  id: string;
  owner: number;
  resource: OracleResource;
  unit: string;
  state: "held" | "claimed" | "expired" | "released";
  taskDone: boolean;
  claimedWith: string | null;
}

export type DeskOracle = ReturnType<typeof createDeskOracle>;

export function createDeskOracle(mayReserve: (person: number) => boolean) {
  const reservations: OracleReservation[] = [];
  const outcomes = { success: 0, fail: 0, hack: 0 };

  function hack(status: number, code: string): Expected {
    outcomes.hack++;
    return { status, code };
  }

  function fail(code: string): Expected {
    outcomes.fail++;
    return { status: 409, code };
  }

  function giveBack(reservation: OracleReservation, state: "expired" | "released"): void {
    const { resource, unit } = reservation;
    reservation.state = state;
    resource.figures.held--;
    if (resource.isRemoved) resource.figures.withdrawn++;
    else {
      resource.figures.stock++;
      resource.returned.push(unit);
    }
  }

  const countOf = (person: number, resource: OracleResource): number =>
    reservations.filter(
      (one) =>
        one.owner === person &&
        one.resource === resource &&
        (one.state === "held" || one.state === "claimed"),
    ).length;

  const over = (state: OracleReservation["state"]): Expected => ({
    status: 409,
    code: state === "claimed" ? "already_claimed" : "reservation_expired",
  });

  return {
    reservations,
    outcomes,

    addResource(limit: number, hasTask: boolean): OracleResource {
      const figures = { added: 0, stock: 0, held: 0, delivered: 0, withdrawn: 0 };
      return { units: [], returned: [], limit, hasTask, isRemoved: false, figures };
    },

    addUnits(resource: OracleResource, units: readonly string[]): Expected {
      if (resource.isRemoved) return { status: 404, code: "not_found" };
      resource.units.push(...units);
      resource.figures.added += units.length;
      resource.figures.stock += units.length;
      return { status: 201 };
    },

    remove(resource: OracleResource): Expected {
      if (resource.isRemoved) return { status: 404, code: "not_found" };
      resource.isRemoved = true;
      resource.figures.withdrawn += resource.figures.stock;
      resource.figures.stock = 0;
      resource.units = [];
      resource.returned = [];
      return { status: 200 };
    },

    reserve(person: number, resource: OracleResource): Expected {
      if (resource.isRemoved) return { status: 404, code: "not_found" };
      if (!mayReserve(person)) return hack(403, "not_entitled");
      if (countOf(person, resource) >= resource.limit) return fail("limit_reached");
      const unit = resource.units.shift() ?? resource.returned.shift();
      if (unit === undefined) return fail("out_of_stock");
      resource.figures.stock--;
      resource.figures.held++;
      const made: OracleReservation = {
        id: "",
        owner: person,
        resource,
        unit,
        state: "held",
        taskDone: !resource.hasTask,
        claimedWith: null,
      };
      reservations.push(made);
      return { status: 201, made };
    },

    doTask(person: number, reservation: OracleReservation | undefined): Expected {
      if (reservation?.owner !== person) return hack(404, "not_found");
      if (reservation.state !== "held") return over(reservation.state);
      reservation.taskDone = true;
      return { status: 200 };
    },

    claim(person: number, reservation: OracleReservation | undefined, key: string): Expected {
      if (reservation?.owner !== person) return hack(404, "not_found");
      const { state, unit, resource } = reservation;
      if (!reservation.taskDone) return hack(403, "task_not_done");
      if (state === "claimed" && reservation.claimedWith === key) return { status: 200, unit };
      if (state !== "held") return fail(over(state).code ?? "");
      reservation.state = "claimed";
      reservation.claimedWith = key;
      resource.figures.held--;
      resource.figures.delivered++;
      outcomes.success++;
      return { status: 200, unit };
    },

    release(person: number, reservation: OracleReservation | undefined): Expected {
      if (reservation?.owner !== person) return hack(404, "not_found");
      if (reservation.state === "released") return { status: 200 };
      if (reservation.state !== "held") return over(reservation.state);
      giveBack(reservation, "released");
      return { status: 200 };
    },

    expire(reservation: OracleReservation): void {
      if (reservation.state === "held") giveBack(reservation, "expired");
    },

    disable(person: number): void {
      for (const reservation of reservations)
        if (reservation.owner === person && reservation.state === "held")
          giveBack(reservation, "released");
    },
  };
}
