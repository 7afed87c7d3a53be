//! "Did you mean": the names closest to one that does not exist.

/// The clause that follows "no such …": the nearest name where one is near, else what there is.
pub(crate) fn suggestion<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let best = names.iter().map(|name| (distance(wanted, name), *name)).min();
    match best {
        Some((d, name)) if d <= wanted.chars().count().max(3) / 3 + 1 => format!("did you mean {name}?"),
        Some(_) if names.len() <= 12 => format!("there is {}", names.join(", ")),
        Some((_, name)) => format!("there are {}, such as {name}", names.len()),
        None => "there is none yet".into(),
    }
}

/// How many single-character edits (insert, delete, replace, swap of neighbours) apart two names are.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_pair_of_letters_is_near() {
        assert_eq!(
            suggestion("week-02/bnech", ["week-02/bench", "week-02/drill"]),
            "did you mean week-02/bench?"
        );
    }

    #[test]
    fn nothing_near_lists_what_there_is() {
        assert_eq!(suggestion("zzz", ["append", "echo"]), "there is append, echo");
        assert_eq!(suggestion("zzz", []), "there is none yet");
    }
}
