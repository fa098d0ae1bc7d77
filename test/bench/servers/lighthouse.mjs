// Lighthouse against one page in the system's Chromium: told by its order which, answers the scores of 0 to 100
// and the audits that cost some. A process of its own, because Lighthouse is no dependency of the product.
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const categories = ["performance", "accessibility", "best-practices"];

process.once("message", async (order) => {
  const chromium = await launch({
    chromePath: order.chromium,
    logLevel: "silent",
    chromeFlags: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    const flags = {
      port: chromium.port,
      onlyCategories: categories,
      logLevel: "silent",
      extraHeaders: order.cookie ? { Cookie: order.cookie } : {},
    };
    const { lhr } = await lighthouse(
      order.address,
      flags,
      order.isPhone ? undefined : desktopConfig,
    );
    const scores = categories.map((name) => [
      name,
      Math.round((lhr.categories[name]?.score ?? 0) * 100),
    ]);
    const lost = categories.flatMap((name) =>
      (lhr.categories[name]?.auditRefs ?? []).flatMap(({ id, weight }) =>
        weight > 0 && (lhr.audits[id]?.score ?? 1) < 0.9 ? [id] : [],
      ),
    );
    process.send({
      port: 0,
      version: lhr.lighthouseVersion,
      address: lhr.finalDisplayedUrl,
      scores: Object.fromEntries(scores),
      lost: [...new Set(lost)],
    });
  } finally {
    chromium.kill();
    process.disconnect();
  }
});
