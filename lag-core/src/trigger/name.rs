//! The name of a metric when none was written.

/// Characters of the names; what makes it unique follows them when they were cut or changed.
const MOST: usize = 96;

/// `lag-alikafka_pre-cn-xxx-orders`: the parts as they are where a URL takes them in lower case, else with a sum of what
/// they were at the end.
pub(super) fn metric_name<'p>(kind: &str, parts: impl Iterator<Item = &'p str>) -> String {
    let parts: Vec<&str> = parts.collect();
    let plain = parts.join("-");
    let safe = |c: char| match c {
        'a'..='z' | '0'..='9' | '-' | '_' | '.' => c,
        'A'..='Z' => c.to_ascii_lowercase(),
        _ => '-',
    };
    let alias: String = plain.chars().map(safe).take(MOST).collect();
    if alias == plain {
        return format!("{kind}-{alias}");
    }
    let sum = fnv(&parts.join("\n")); // names have no control characters
    format!("{kind}-{alias}-{sum:016x}")
}

/// FNV-1a of 64 bits: the same in every version and on every machine.
fn fnv(text: &str) -> u64 {
    let step = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
