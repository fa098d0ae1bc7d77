/** What the crowd holds in its hands, and where it is: real user agents, and networks that belong to nobody. */
import { randomInt } from "node:crypto";
import UserAgent from "user-agents";

/** Some are no browsers at all. */
const terminals = ["curl/8.16.0", "Wget/1.24.5", "HTTPie/3.2.4"];
const bots = [
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
];

export const inventUserAgent = (): string =>
  randomInt(20) === 0 ? pick(terminals) : new UserAgent().toString();

export const inventBot = (): string => pick(bots);

/** Set aside for benchmarks and documentation (RFC 2544, RFC 5737, RFC 3849), or somebody's home. */
export function inventAddress(): string {
  const byte = () => randomInt(1, 255);
  switch (randomInt(5)) {
    case 0:
      return `192.168.${randomInt(4)}.${byte()}`;
    case 1:
      return `2001:db8:${byte().toString(16)}:${byte().toString(16)}::${byte().toString(16)}`;
    case 2:
      return `203.0.113.${byte()}`;
    default:
      return `198.${randomInt(18, 20)}.${byte()}.${byte()}`;
  }
}

export const pick = <T>(list: readonly T[]): T => {
  const picked = list[randomInt(list.length)];
  if (picked === undefined) throw new Error("there is nothing to pick from");
  return picked;
};

/** One of these, each as likely as its weight says. */
export function pickWeighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
  let left = Math.random() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) if ((left -= weight) < 0) return choice;
  return pick(choices)[1];
}
