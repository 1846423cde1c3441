//! The nearest of known names to one that does not exist, for messages: rules' items and fields, events, columns.

/// Longer names are nobody's slip, and are not compared.
const LENGTH_LIMIT: usize = 100;

/// The candidate that most likely was meant: at most a third of the letters, and at most four, are to be put in, taken
/// out, replaced or swapped with their neighbour; case does not count. The first of equals. A candidate that is the name
/// itself is not meant.
pub(crate) fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    if length == 0 || length > LENGTH_LIMIT {
        return None;
    }
    let letters = name.to_lowercase();
    let allowed = (length / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == name || candidate.chars().count().abs_diff(length) > allowed {
            continue;
        }
        let distance = strsim::osa_distance(&letters, &candidate.to_lowercase());
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_if_it_is_near() {
        let near = |name: &str, candidates: &[&'static str]| nearest(name, candidates.iter().copied());
        assert_eq!(near("proc.nmae", &["proc.exe", "proc.name"]), Some("proc.name"), "neighbours swapped");
        assert_eq!(near("Proc.Name", &["proc.name"]), Some("proc.name"));
        assert_eq!(near("opnat", &["open", "openat", "opnet"]), Some("openat"), "the first of equals");
        assert_eq!(near("x", &["abcdef"]), None);
        assert_eq!(near("ab", &["xy"]), None);
        assert_eq!(near("", &["a"]), None);
        assert_eq!(near("open", &["open"]), None, "that is what was written");
        let long = "a".repeat(LENGTH_LIMIT);
        let longer = long.clone() + "a";
        assert_eq!(nearest(&long, [longer.as_str()].into_iter()), Some(longer.as_str()));
        assert_eq!(nearest(&longer, [long.as_str()].into_iter()), None);
    }
}
