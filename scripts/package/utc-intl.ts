/**
 * The two uses that node-cron makes of Intl.DateTimeFormat, for the time zone UTC: what Intl itself
 * answers, without ICU. Any other time zone is left to the real one.
 */
type Options = globalThis.Intl.DateTimeFormatOptions;
type Part = globalThis.Intl.DateTimeFormatPart;

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

class UtcFormat {
  constructor(locale: string, options: Options) {
    if (options.timeZone !== "UTC") {
      return new globalThis.Intl.DateTimeFormat(locale, options);
    }
    if (options.timeZoneName !== undefined) this.formatToParts = () => [OFFSET];
  }

  /** Without the punctuation between the parts, which node-cron drops. */
  formatToParts(date: Date): Part[] {
    return [
      { type: "weekday", value: DAYS[date.getUTCDay()] ?? "" },
      { type: "month", value: twoDigits(date.getUTCMonth() + 1) },
      { type: "day", value: twoDigits(date.getUTCDate()) },
      { type: "year", value: String(date.getUTCFullYear()) },
      // So does Intl call midnight where `hour12` is false.
      { type: "hour", value: twoDigits(date.getUTCHours() === 0 ? 24 : date.getUTCHours()) },
      { type: "minute", value: twoDigits(date.getUTCMinutes()) },
      { type: "second", value: twoDigits(date.getUTCSeconds()) },
    ];
  }
}

const OFFSET: Part = { type: "timeZoneName", value: "GMT" };

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

export const Intl = { DateTimeFormat: UtcFormat };
