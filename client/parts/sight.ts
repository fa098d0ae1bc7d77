/** Tells whether an element is in view: where a list begins, and where it ends. */
import type { Attachment } from "svelte/attachments";

/** `margin`: how far beyond the window still counts, as CSS writes it. */
export const watchSight =
  (hear: (isSeen: boolean) => void, margin: string): Attachment =>
  (element) => {
    const observer = new IntersectionObserver(
      (entries) => hear(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: margin },
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
