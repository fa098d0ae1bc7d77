/** When a bucket of time begins, in the reader's language: short, as there are many of them. */
export type BucketTime = ReturnType<typeof createBucketTime>;

const daySeconds = 86_400;
const hourSeconds = 3_600;

export const createBucketTime = (locale: string) => {
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const day = new Intl.DateTimeFormat(locale, { weekday: "short" });
  const dayAndTime = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    hour: "numeric",
    minute: "2-digit",
  });

  return {
    /** Tells buckets of so many seconds apart within the windows that have them. */
    name: (at: string | number, step: number): string =>
      (step < hourSeconds ? time : dayAndTime).format(new Date(at)),
    /** On an axis whose marks are so many seconds apart. */
    mark: (at: number, apart: number): string =>
      (apart < daySeconds ? time : day).format(new Date(at)),
  };
};
