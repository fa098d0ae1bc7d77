/** Reserving, claiming, giving back. */
import { reservationRoutes } from "../../../shared/contract/reservations.ts";
import type { DeskCaller } from "../../domain/desk.ts";
import type { Asker } from "../bind.ts";
import type { RouteParts } from "./parts.ts";

export function bindReservations({ bind, router, desk }: RouteParts) {
  router.get(
    reservationRoutes.list.path,
    bind(reservationRoutes.list, async ({ account }) => ({
      reservations: await desk.list(account.id),
    })),
  );

  router.post(
    reservationRoutes.reserve.path,
    bind(reservationRoutes.reserve, ({ body, idempotencyKey, ...asker }) =>
      desk.reserve(callerOf(asker), body.resourceId, idempotencyKey),
    ),
  );

  router.get(
    reservationRoutes.show.path,
    bind(reservationRoutes.show, ({ params, held }) => desk.show(held, params.id)),
  );

  router.post(
    reservationRoutes.doTask.path,
    bind(reservationRoutes.doTask, ({ params, body, ...asker }) =>
      desk.doTask(callerOf(asker), params.id, body),
    ),
  );

  router.post(
    reservationRoutes.claim.path,
    bind(reservationRoutes.claim, ({ params, idempotencyKey, ...asker }) =>
      desk.claim(callerOf(asker), params.id, idempotencyKey),
    ),
  );

  router.delete(
    reservationRoutes.release.path,
    bind(reservationRoutes.release, ({ params, ...asker }) =>
      desk.release(callerOf(asker), params.id),
    ),
  );
}

type Caller = Pick<Asker, "ctx" | "visitor"> & Pick<DeskCaller, "held" | "account">;

const callerOf = ({ ctx, visitor, held, account }: Caller): DeskCaller => ({
  held,
  account,
  ip: visitor.ip,
  forwardedFor: ctx.get("x-forwarded-for") || undefined,
  userAgent: visitor.userAgent,
});
