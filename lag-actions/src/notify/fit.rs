//! Bodies of at most so many bytes, however much escaping makes of a text.

/// Renders with as much text as leaves the result small enough. `render` gets the bytes its text may have; the result
/// for none is the answer when even that is too large.
pub(super) fn fit<T>(most: usize, render: impl Fn(usize) -> T, size: impl Fn(&T) -> usize) -> T {
    let whole = render(most);
    if size(&whole) <= most {
        return whole;
    }
    // How much longer escaping makes a text differs from line to line, so the place is searched for.
    let (mut best, mut fits, mut too_many) = (render(0), 0, most);
    while too_many - fits > 1 {
        let budget = fits.midpoint(too_many);
        let rendered = render(budget);
        if size(&rendered) <= most {
            (best, fits) = (rendered, budget);
        } else {
            too_many = budget;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_paid_for_by_the_text_and_by_no_more_of_it() {
        for escaped in ["\"\n", "\u{1}", "a\u{1}", "组\""] {
            let text = escaped.repeat(100);
            let render = |n| serde_json::to_vec(&text[..text.floor_char_boundary(n)]).unwrap();
            let out = fit(150, render, Vec::len);
            assert!((144..=150).contains(&out.len()), "{}", out.len());
        }
    }

    #[test]
    fn what_fits_is_whole() {
        assert_eq!(fit(10, |n| n, |n| *n), 10);
    }

    #[test]
    fn a_frame_that_is_too_large_alone_ends_the_search() {
        assert_eq!(fit(3, |n| n, |_| 10), 0);
        assert_eq!(fit(0, |n| n, |_| 10), 0);
    }
}
