//! Which records a search is about.

use jiff::Timestamp;

use crate::{Entry, Level};

/// Conditions on a record; one that is not set accepts everything.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub struct Filter {
    /// Only records from this instant on
    #[arg(long, value_name = "TIME", value_parser = crate::clock::parse_time)]
    pub since: Option<Timestamp>,
    /// Only records before this instant
    #[arg(long, value_name = "TIME", value_parser = crate::clock::parse_time)]
    pub until: Option<Timestamp>,
    /// Only records of this level or above: trace, debug, info, warn or error
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<Level>,
    /// Only records of this process
    #[arg(long, value_name = "NAME")]
    pub node_id: Option<String>,
    /// Only records of this request
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Only records with this result
    #[arg(long, value_name = "WORD")]
    pub result: Option<String>,
    /// Only records with this error code
    #[arg(long, value_name = "CODE")]
    pub error_code: Option<String>,
    /// Only records whose message contains this text
    #[arg(long, value_name = "TEXT")]
    pub contains: Option<String>,
}

impl Filter {
    /// True when the record meets every condition that is set. The times are a half-open range, so two searches that
    /// share an instant share no record.
    pub fn accepts(&self, entry: &Entry<'_>) -> bool {
        // lab:hole logger.filter
        let is = |wanted: &Option<String>, found: Option<&str>| match wanted {
            Some(wanted) => found == Some(wanted.as_str()),
            None => true,
        };
        self.since.is_none_or(|since| entry.ts >= since)
            && self.until.is_none_or(|until| entry.ts < until)
            && self.level.is_none_or(|least| entry.level >= least)
            && is(&self.node_id, Some(&entry.node_id))
            && is(&self.request_id, entry.request_id.as_deref())
            && is(&self.result, entry.result.as_deref())
            && is(&self.error_code, entry.error_code.as_deref())
            && self.contains.as_ref().is_none_or(|text| entry.msg.contains(text))
        // lab:stub todo!("logger.filter: all conditions that are set; `since` is inside the range, `until` is not")
        // lab:end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn entry() -> Entry<'static> {
        let mut entry = Entry::new(at(100), Level::Warn, "node-1", "disk is nearly full");
        entry.request_id = Some("r-7".into());
        entry.result = Some("refused".into());
        entry.error_code = Some("LOG-STORAGE-FULL".into());
        entry
    }

    #[test]
    fn no_condition_accepts_everything() {
        assert!(Filter::default().accepts(&entry()));
    }

    #[test]
    fn the_range_of_times_includes_its_start_and_excludes_its_end() {
        let range =
            |since, until| Filter { since: Some(at(since)), until: Some(at(until)), ..Filter::default() };
        assert!(range(100, 101).accepts(&entry()));
        assert!(!range(99, 100).accepts(&entry()));
        assert!(!range(101, 200).accepts(&entry()));
    }

    #[test]
    fn a_level_means_that_level_or_above() {
        let accepted = [Level::Info, Level::Warn, Level::Error]
            .map(|level| Filter { level: Some(level), ..Filter::default() }.accepts(&entry()));
        assert_eq!(accepted, [true, true, false]);
    }

    #[test]
    fn each_name_is_compared_whole_and_an_absent_one_matches_nothing() {
        type Set = fn(&mut Filter, &str);
        let conditions: [(Set, &str); 4] = [
            (|f, v| f.node_id = Some(v.into()), "node-1"),
            (|f, v| f.request_id = Some(v.into()), "r-7"),
            (|f, v| f.result = Some(v.into()), "refused"),
            (|f, v| f.error_code = Some(v.into()), "LOG-STORAGE-FULL"),
        ];
        let bare = Entry::new(at(100), Level::Warn, "another", "m");
        for (set, value) in conditions {
            let accepts = |value: &str, entry: &Entry<'_>| {
                let mut filter = Filter::default();
                set(&mut filter, value);
                filter.accepts(entry)
            };
            assert!(accepts(value, &entry()), "{value}");
            assert!(!accepts(&value[..value.len() - 1], &entry()), "a part of {value}");
            assert!(!accepts(value, &bare), "{value} in a record without it");
        }
    }

    #[test]
    fn conditions_are_joined_by_and() {
        let filter =
            Filter { contains: Some("nearly".into()), level: Some(Level::Error), ..Filter::default() };
        assert!(!filter.accepts(&entry()));
        assert!(Filter { level: None, ..filter }.accepts(&entry()));
    }
}
