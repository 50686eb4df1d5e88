//! Cron schedules: do they parse, can they ever fire, when did they last have to.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::object::Seconds;

/// A schedule of five fields. Times are UTC, as the controller manager's are without `timeZone`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    minutes: Vec<u8>,
    hours: Vec<u8>,
    days: Vec<u8>,
    months: Vec<u8>,
    weekdays: Vec<u8>,
    any_day: bool,
    any_weekday: bool,
}

/// Longest look back for a due time: a yearly schedule and a leap day.
const LOOK_BACK_DAYS: usize = 1500;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads `minute hour day month weekday` or a macro such as `@daily`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        let mut weekdays = field(weekday, 0, 7, &WEEKDAYS, 0)?;
        if weekdays.contains(&7) {
            weekdays.push(0);
        }
        Some(Self {
            minutes: field(minute, 0, 59, &[], 0)?,
            hours: field(hour, 0, 23, &[], 0)?,
            days: field(day, 1, 31, &[], 0)?,
            months: field(month, 1, 12, &MONTHS, 1)?,
            weekdays,
            any_day: day.starts_with(['*', '?']),
            any_weekday: weekday.starts_with(['*', '?']),
        })
    }

    /// Is there no date at all that it names, such as 31 February?
    pub(crate) fn never_fires(&self) -> bool {
        let length = |month: &u8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        // With both days restricted, cron fires when either matches.
        self.any_weekday && !self.months.iter().any(|month| self.days.iter().any(|day| *day <= length(month)))
    }

    /// The newest due times before a moment, newest first.
    pub(crate) fn due_before(&self, moment: Seconds, count: usize) -> Vec<Seconds> {
        let mut due = Vec::new();
        let Ok(now) = Timestamp::from_second(moment) else { return due };
        let mut date = now.to_zoned(TimeZone::UTC).date();
        for _ in 0..LOOK_BACK_DAYS {
            if self.names(date) {
                for hour in self.hours.iter().rev() {
                    for minute in self.minutes.iter().rev() {
                        let clock = date.at(hour.cast_signed(), minute.cast_signed(), 0, 0);
                        let Ok(zoned) = clock.to_zoned(TimeZone::UTC) else { continue };
                        let at = zoned.timestamp().as_second();
                        if at < moment {
                            due.push(at);
                        }
                        if due.len() >= count {
                            return due;
                        }
                    }
                }
            }
            let Ok(before) = date.checked_sub(1.day()) else { break };
            date = before;
        }
        due
    }

    fn names(&self, date: jiff::civil::Date) -> bool {
        let has = |list: &[u8], number: i8| list.contains(&number.cast_unsigned());
        let month_day = has(&self.days, date.day());
        let weekday = has(&self.weekdays, date.weekday().to_sunday_zero_offset());
        let day_fits = match (self.any_day, self.any_weekday) {
            (false, false) => month_day || weekday,
            _ => month_day && weekday,
        };
        has(&self.months, date.month()) && day_fits
    }
}

/// One field: lists of numbers, names, ranges and steps.
fn field(text: &str, low: u8, high: u8, names: &[&str], first: u8) -> Option<Vec<u8>> {
    let parse = |text: &str| -> Option<u8> {
        let lower = text.to_ascii_lowercase();
        let listed = names.iter().position(|name| *name == lower).and_then(|at| u8::try_from(at).ok());
        let number = listed.map_or_else(|| text.parse().ok(), |at| Some(at + first))?;
        (low..=high).contains(&number).then_some(number)
    };
    let mut found = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (parse(from)?, parse(to)?),
            None if range == "*" || range == "?" => (low, high),
            None if step.is_some() => (parse(range)?, high),
            None => (parse(range)?, parse(range)?),
        };
        let step = step.map_or(Some(1), |step| step.parse::<usize>().ok())?;
        if from > to || step == 0 {
            return None;
        }
        found.extend((from..=to).step_by(step));
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{format_time, parse_time};

    #[test]
    fn impossible_dates_never_fire() {
        for text in ["0 2 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
            assert!(Schedule::parse(text).unwrap().never_fires(), "{text}");
        }
        for text in ["0 2 29 2 *", "0 2 31 * *", "0 2 31 2 1", "*/5 * * * *", "0 0 31 jan *"] {
            assert!(!Schedule::parse(text).unwrap().never_fires(), "{text}");
        }
    }

    #[test]
    fn broken_schedules_do_not_parse() {
        for text in
            ["", "* * * *", "61 * * * *", "0 25 * * *", "5-1 * * * *", "*/0 * * * *", "0 2 * * funday"]
        {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }

    #[test]
    fn due_times_go_back_in_order() {
        let now = parse_time("2026-11-16T15:30:10Z").unwrap();
        let due = Schedule::parse("15 3 * * *").unwrap().due_before(now, 2);
        let due: Vec<String> = due.into_iter().map(format_time).collect();
        assert_eq!(due, ["2026-11-16T03:15:00Z", "2026-11-15T03:15:00Z"]);
        let weekly = Schedule::parse("30 4 * * 0").unwrap().due_before(now, 1);
        assert_eq!(weekly.into_iter().map(format_time).collect::<Vec<_>>(), ["2026-11-15T04:30:00Z"]);
    }
}
