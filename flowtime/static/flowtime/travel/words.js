// How amounts and times are said; the server says the same (wording.py, bin_clock.py), and a test holds the two together.
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY = 1440;
const STEPS = [1, 5, 15, 30, 60, 120, 180, 360, 720, DAY];
export const UNDEFINED = "–";

// At most so many decimals, halves to the even digit as Python rounds them, thousands separated.
export function say(value, decimals = 1) {
  if (value == null || Number.isNaN(value)) return UNDEFINED;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  // From 1e21 on toFixed writes exponents.
  let text = size < 1e21 ? size.toFixed(decimals) : String(BigInt(size));
  if ((size * 2 ** (decimals + 1)) % 2 === 1) {
    const nudge = 10 ** -decimals / 4;
    text = [size - nudge, size + nudge].map((n) => n.toFixed(decimals)).find((t) => "02468".includes(t.at(-1)));
  }
  let [whole, rest = ""] = text.split(".");
  rest = rest.replace(/0+$/, "");
  whole = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const said = rest ? `${whole}.${rest}` : whole;
  return value < 0 && said !== "0" ? `−${said}` : said;
}

// For a card, where there is room for four characters: 7.5, 36, 1.2k, 3.4M.
export function short(value) {
  if (value == null || !Number.isFinite(value)) return say(value);
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (size >= unit) return `${say(value / unit, size < 10 * unit ? 1 : 0)}${letter}`;
  }
  return say(value, size < 100 ? 1 : 0);
}

export class BinClock {
  constructor({ bins, binMinutes, start }) {
    Object.assign(this, { bins, binMinutes, start });
  }

  span(bin) {
    const minutes = bin * this.binMinutes;
    if (this.binMinutes % DAY === 0 && this.#dayBegins(minutes)) {
      const first = this.#day(minutes);
      return this.binMinutes === DAY ? first : `${first} to ${this.#day(minutes + this.binMinutes - DAY)}`;
    }
    return `${this.#day(minutes)}, ${this.#time(minutes)} to ${this.end(bin)}`;
  }

  flag(bin) {
    const minutes = bin * this.binMinutes;
    if (this.binMinutes < DAY) return this.#time(minutes);
    if (this.start === null) return `day ${Math.floor(minutes / DAY) + 1}`;
    const at = this.#moment(minutes);
    return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
  }

  end(bin) {
    return this.binMinutes < DAY ? this.#time((bin + 1) * this.binMinutes) : this.flag(bin + 1);
  }

  number(bin) {
    return `bin ${bin} of 0–${this.bins - 1}, ${this.start === null ? "since the start" : "UTC"}`;
  }

  // [bin, words, short words] of at most ten moments from bin to bin: hours of a short range, else days, weeks, months.
  *moments(from, to) {
    const total = (to - from) * this.binMinutes;
    const offset = this.start === null ? 0 : (this.start / 60_000) % DAY;
    const step = total > 2 * DAY ? Math.ceil(total / 10 / DAY) * DAY : STEPS.find((n) => total / n <= 10);
    const first = Math.ceil((from * this.binMinutes + offset) / step) * step - offset;
    for (let at = first; at < to * this.binMinutes; at += step) {
      yield [at / this.binMinutes, ...this.#momentWords(at, step)];
    }
  }

  #momentWords(minutes, step) {
    if (step < DAY) {
      const time = this.#time(minutes);
      // Among hours, midnight is told by its day.
      if (time === "00:00") return this.#momentWords(minutes, DAY);
      return [time, time];
    }
    if (this.start === null) {
      const day = Math.floor(minutes / DAY) + 1;
      return [`Day ${day}`, String(day)];
    }
    const at = this.#moment(minutes);
    const month = MONTHS[at.getUTCMonth()];
    if (step > 7 * DAY) return [`${at.getUTCDate()} ${month}`, month];
    return [`${DAYS[at.getUTCDay()]} ${at.getUTCDate()} ${month}`, DAYS[at.getUTCDay()]];
  }

  #dayBegins(minutes) {
    return this.start === null || this.#time(minutes) === "00:00";
  }

  #day(minutes) {
    if (this.start === null) return `Day ${Math.floor(minutes / DAY) + 1}`;
    const at = this.#moment(minutes);
    return `${DAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  }

  #time(minutes) {
    if (this.start !== null) return this.#moment(minutes).toISOString().slice(11, 16);
    const pad = (n) => String(n).padStart(2, "0");
    return `${pad(Math.floor((minutes % DAY) / 60))}:${pad(minutes % 60)}`;
  }

  #moment(minutes) {
    return new Date(this.start + minutes * 60_000);
  }
}
