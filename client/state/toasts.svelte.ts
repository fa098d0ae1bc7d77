/**
 * Short news at the edge of the page. A toast leaves by itself, never while the pointer or the focus is
 * on it, and one that can be undone stays long enough to be.
 */
export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  sentence: string;
  tone: "plain" | "bad";
  actions: readonly ToastAction[];
  seconds: number;
}

export interface Toasts {
  readonly shown: readonly Toast[];
  show(
    sentence: string,
    options?: {
      action?: ToastAction;
      actions?: readonly ToastAction[];
      seconds?: number;
      tone?: Toast["tone"];
    },
  ): void;
  dismiss(id: number): void;
  clear(): void;
}

const mostShown = 4;

export const createToasts = (): Toasts => {
  let shown = $state.raw<readonly Toast[]>([]);
  let lastId = 0;
  return {
    get shown() {
      return shown;
    },
    show(sentence, { action, actions = action ? [action] : [], seconds = 6, tone = "plain" } = {}) {
      const toast = { id: ++lastId, sentence, tone, actions, seconds };
      shown = [...shown, toast].slice(-mostShown);
    },
    dismiss(id) {
      shown = shown.filter((toast) => toast.id !== id);
    },
    clear: () => (shown = []),
  };
};
