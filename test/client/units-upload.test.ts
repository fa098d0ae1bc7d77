/** Units on their way: what can be called off, and what is said afterwards. */
import { describe, expect, it } from "vitest";
import type { ResourceId } from "../../shared/ids.ts";
import { ApiError } from "../../client/api.ts";
import type { Call, CallOptions } from "../../client/api.ts";
import type { Upload } from "../../client/upload.ts";
import { createUnitsUpload } from "../../client/state/units-upload.svelte.ts";

const lines = new Blob(["0123456789"]);
const added = { added: 3, duplicates: 0, duplicateLines: [] };

const openUpload = () => {
  let sent: Upload | undefined;
  let settle: { resolve: (reply: object) => void; reject: (error: unknown) => void } | undefined;
  const call = (_: unknown, __: unknown, { upload }: CallOptions) => {
    sent = upload;
    return new Promise<object>((resolve, reject) => {
      settle = { resolve, reject };
      upload?.signal.addEventListener("abort", () => reject(new ApiError("unreachable")));
    });
  };
  const upload = createUnitsUpload(call as Call, "0000000000000001" as ResourceId);
  return {
    upload,
    progress: (bytes: number) => sent?.onProgress(bytes),
    isCalledOff: () => sent?.signal.aborted,
    answer: (reply: object) => settle?.resolve(reply),
    fail: (error: unknown) => settle?.reject(error),
  };
};

describe("an upload of units", () => {
  it("tells how far it has got, then that it is checked, then what became of it", async () => {
    const { upload, progress, answer } = openUpload();
    const sending = upload.send(lines);
    expect([upload.step, upload.share]).toEqual(["sending", 0]);
    progress(5);
    expect([upload.step, upload.share]).toEqual(["sending", 0.5]);
    progress(10);
    expect(upload.step).toBe("checking");
    answer(added);
    await sending;
    expect([upload.step, upload.result]).toEqual(["added", added]);
  });

  it("is called off while it is sent", async () => {
    const { upload, progress } = openUpload();
    const sending = upload.send(lines);
    progress(5);
    upload.cancel();
    await sending;
    expect(upload.step).toBe("canceled");
  });

  it("is not called off any more once all is sent: only the server knows then", async () => {
    const { upload, progress, answer, isCalledOff } = openUpload();
    const sending = upload.send(lines);
    progress(10);
    upload.cancel();
    expect(isCalledOff()).toBe(false);
    answer(added);
    await sending;
    expect(upload.step).toBe("added");
  });

  it("says why it failed, and can be tried again", async () => {
    const { upload, fail, answer } = openUpload();
    const sending = upload.send(lines);
    fail(new ApiError("units_being_added"));
    await sending;
    expect([upload.step, (upload.failure as ApiError).code]).toEqual([
      "failed",
      "units_being_added",
    ]);
    const again = upload.send(lines);
    expect([upload.step, upload.failure]).toEqual(["sending", null]);
    answer(added);
    await again;
    expect(upload.step).toBe("added");
  });
});
