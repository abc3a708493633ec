//! What a misspelt name may have meant.

/// The known names that are nearest to a name: at most three, the nearest first, and none that is far off.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let limit = (wanted.len() / 3).max(2);
    let scored = known.into_iter().filter_map(|other| {
        let candidate: Vec<char> = other.to_lowercase().chars().collect();
        let related = contains(&candidate, &wanted)
            || contains(&wanted, &candidate)
            || resembles_an_end(&wanted, &candidate);
        let distance = distance(&wanted, &candidate);
        (distance <= limit || related).then_some((distance, other))
    });
    let mut scored: Vec<_> = scored.collect();
    scored.sort();
    scored.truncate(3);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// Whether one name is a part of the other that is long enough to mean something.
fn contains(text: &[char], part: &[char]) -> bool {
    part.len() >= 2 && text.windows(part.len()).any(|window| window == part)
}

/// Whether a name is one mistake away from how the other begins or ends.
fn resembles_an_end(name: &[char], other: &[char]) -> bool {
    let lengths = name.len().saturating_sub(1)..=(name.len() + 1).min(other.len());
    let mut ends = lengths.flat_map(|length| {
        [
            &other[..length.min(other.len())],
            &other[other.len().saturating_sub(length)..],
        ]
    });
    name.len() >= 4 && ends.any(|end| distance(name, end) <= 1)
}

/// Insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_finds_what_was_meant() {
        let known = [
            "orders-consumer",
            "order_docking_analog",
            "mail-sender",
            "订单_docking",
        ];
        assert_eq!(nearest("orders-consmuer", known), ["orders-consumer"]);
        assert_eq!(nearest("Orders-Consumer", known), ["orders-consumer"]);
        assert_eq!(nearest("orders", known)[0], "orders-consumer");
        assert_eq!(nearest("订单", known), ["订单_docking"]);
        assert_eq!(
            nearest("odrer", known),
            ["orders-consumer", "order_docking_analog"]
        );
        assert_eq!(nearest("docking_anlog", known), ["order_docking_analog"]);
        assert_eq!(nearest("kafka", known), [""; 0]);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_mistake() {
        assert_eq!(super::distance(&['a', 'b'], &['b', 'a']), 1);
        assert_eq!(super::distance(&[], &['b', 'a']), 2);
    }
}
