//! Patterns of cron as a nats-server reads them (2.14, ADR-51): six fields, without what other crons add.

use std::time::{Duration, SystemTime};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Time that a server looks ahead.
const YEARS: i16 = 5;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    second: Field,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

/// Values of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// `true` if it says nothing: a `*` is in it.
    is_any: bool,
}

/// Values that a field may have.
struct Bounds {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of the values from `min` on.
    names: &'static [&'static str],
}

const fn bounds(name: &'static str, min: u32, max: u32) -> Bounds {
    Bounds { name, min, max, names: &[] }
}

impl Cron {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = match text {
            "@yearly" | "@annually" => "0 0 0 1 1 *",
            "@monthly" => "0 0 0 1 * *",
            "@weekly" => "0 0 0 * * 0",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@hourly" => "0 0 * * * *",
            text => text,
        };
        let fields: Vec<_> = text.split(' ').filter(|field| !field.is_empty()).collect();
        let [second, minute, hour, day, month, weekday] = fields[..] else {
            let count = fields.len();
            return Err(format!(
                "a pattern has six fields, the first for seconds, and this has {count}; or it is `@every` with an interval, `@yearly`, `@monthly`, `@weekly`, `@daily` or `@hourly`"
            ));
        };
        Ok(Self {
            second: bounds("second", 0, 59).field(second)?,
            minute: bounds("minute", 0, 59).field(minute)?,
            hour: bounds("hour", 0, 23).field(hour)?,
            day: bounds("day of the month", 1, 31).field(day)?,
            month: Bounds { names: &MONTHS, ..bounds("month", 1, 12) }.field(month)?,
            weekday: Bounds { names: &DAYS, ..bounds("day of the week", 0, 6) }.field(weekday)?,
        })
    }

    /// The first of its times that is later than this whole second.
    pub(super) fn after(&self, second: SystemTime, zone: &TimeZone) -> Option<SystemTime> {
        if [self.hour, self.minute, self.second].iter().any(|field| field.bits == 0) {
            return None;
        }
        let begin = Timestamp::try_from(second.checked_add(Duration::from_secs(1))?).ok()?;
        let mut date = zone.to_datetime(begin).date();
        let last = date.year().checked_add(YEARS)?;
        while date.year() <= last {
            if !self.month.has(date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
                continue;
            }
            if self.has_day(date) {
                let midnight = zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
                if let Some(found) = self.on(date, begin.max(midnight), zone) {
                    return found.try_into().ok();
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// Returns `true` if a day is meant: where both fields say something either is enough.
    fn has_day(&self, date: Date) -> bool {
        let day = self.day.has(date.day());
        let weekday = self.weekday.has(date.weekday().to_sunday_zero_offset());
        if self.day.is_any || self.weekday.is_any { day && weekday } else { day || weekday }
    }

    /// The first of its times on this day, from there on. It goes on in time that has passed, so that an
    /// hour which clocks leave out is left out, and one that comes twice is twice.
    fn on(&self, date: Date, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut at = from;
        loop {
            let time = zone.to_datetime(at);
            if time.date() != date {
                return None;
            }
            let (minute, second) = (i64::from(time.minute()), i64::from(time.second()));
            let step = if !self.hour.has(time.hour()) {
                3600 - 60 * minute - second
            } else if !self.minute.has(time.minute()) {
                60 - second
            } else if !self.second.has(time.second()) {
                1
            } else {
                return Some(at);
            };
            at = at.checked_add(step.seconds()).ok()?;
        }
    }
}

impl Field {
    fn has(self, value: i8) -> bool {
        self.bits >> value & 1 == 1
    }
}

impl Bounds {
    fn field(&self, text: &str) -> Result<Field, String> {
        let mut field = Field { bits: 0, is_any: false };
        for range in text.split(',').filter(|range| !range.is_empty()) {
            let one = self.range(range)?;
            field.bits |= one.bits;
            field.is_any |= one.is_any;
        }
        Ok(field)
    }

    /// Reads `*`, `5` or `8-18`, with `/2` behind it or without.
    fn range(&self, text: &str) -> Result<Field, String> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.number(step, text)?)),
            None => (text, None),
        };
        let is_star = matches!(range, "*" | "?");
        let (start, end) = match range.split_once('-') {
            _ if is_star => (self.min, self.max),
            Some((start, end)) => (self.value(start, text)?, self.value(end, text)?),
            None => {
                let start = self.value(range, text)?;
                // `5/10` goes on to the end.
                (start, if step.is_some() { self.max } else { start })
            }
        };
        if start < self.min || end > self.max || start > end {
            let (min, max) = (self.min, self.max);
            return Err(self.wrong(text, &format!("it is not within {min}–{max} in order")));
        }
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(self.wrong(text, "a step is 1 at least"));
        }
        let bits = (start..=end).step_by(step as usize).fold(0, |bits, value| bits | 1 << value);
        Ok(Field { bits, is_any: is_star && step == 1 })
    }

    fn value(&self, text: &str, whole: &str) -> Result<u32, String> {
        let name = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        match name.and_then(|place| u32::try_from(place).ok()) {
            Some(place) => Ok(self.min + place),
            None => self.number(text, whole),
        }
    }

    fn number(&self, text: &str, whole: &str) -> Result<u32, String> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number.ok_or_else(|| self.wrong(whole, &format!("{text:?} is no number")))
    }

    fn wrong(&self, text: &str, why: &str) -> String {
        format!("its {} is {text:?}, and {why}", self.name)
    }
}
