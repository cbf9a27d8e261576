//! Texts of a pattern, where they are few.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Texts in which a pattern is found from their first letter to their last; `None` where they are more than so
/// many, or may have more before or behind.
pub(super) fn texts(hir: &Hir, most: usize) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => texts(&capture.sub, most),
        HirKind::Alternation(parts) => {
            let each = parts.iter().map(|part| texts(part, most)).collect::<Option<Vec<_>>>()?;
            bounded(each.concat(), most)
        }
        HirKind::Concat(parts) => match &parts[..] {
            [first, middle @ .., last]
                if matches!(first.kind(), HirKind::Look(Look::Start))
                    && matches!(last.kind(), HirKind::Look(Look::End)) =>
            {
                each_of_all(middle, most)
            }
            _ => None,
        },
        _ => None,
    }
}

fn bounded(mut texts: Vec<String>, most: usize) -> Option<Vec<String>> {
    texts.sort_unstable();
    texts.dedup();
    (texts.len() <= most).then_some(texts)
}

/// Texts of a part behind each of the parts before it.
fn each_of_all(parts: &[Hir], most: usize) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for part in parts {
        all = joined(&all, &of_part(part, most)?, most)?;
    }
    Some(all)
}

fn joined(some: &[String], others: &[String], most: usize) -> Option<Vec<String>> {
    if some.len() * others.len() > most {
        return None;
    }
    let each = some.iter().flat_map(|one| others.iter().map(move |other| format!("{one}{other}")));
    bounded(each.collect(), most)
}

fn of_part(hir: &Hir, most: usize) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Look(_) => None,
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Class(Class::Unicode(class)) => {
            let letters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            let letters: Vec<String> = letters.take(most + 1).map(String::from).collect();
            bounded(letters, most)
        }
        HirKind::Class(Class::Bytes(class)) => {
            let letters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            bounded(letters.map(|byte| char::from(byte).to_string()).collect(), most)
        }
        HirKind::Repetition(repetition) => {
            let longest = repetition.max.filter(|max| *max as usize <= most)?;
            let one = of_part(&repetition.sub, most)?;
            let (mut all, mut longer) = (Vec::new(), vec![String::new()]);
            for times in 0..=longest {
                if times >= repetition.min {
                    all.extend(longer.iter().cloned());
                }
                if times < longest {
                    longer = joined(&longer, &one, most)?;
                }
            }
            bounded(all, most)
        }
        HirKind::Capture(capture) => of_part(&capture.sub, most),
        HirKind::Concat(parts) => each_of_all(parts, most),
        HirKind::Alternation(parts) => {
            let each = parts.iter().map(|part| of_part(part, most)).collect::<Option<Vec<_>>>()?;
            bounded(each.concat(), most)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compat::pattern::Pattern;

    #[test]
    fn a_pattern_of_few_texts_has_all_of_them() {
        for (pattern, texts) in [
            ("^a$", Some(&["a"][..])),
            ("^(eu|us)$", Some(&["eu", "us"])),
            ("^[ab]{1,2}$", Some(&["a", "aa", "ab", "b", "ba", "bb"])),
            ("^x?y$", Some(&["xy", "y"])),
            ("^ab|cd$", None),
            ("a", None),
            ("^a*$", None),
            ("^a(?:^|b)c$", None),
            ("^[a-z]{3}$", None),
        ] {
            let found = Pattern::new(pattern).texts(100);
            let texts = texts.map(|all| all.iter().map(|one| (*one).to_owned()).collect());
            assert_eq!(found, texts, "{pattern}");
        }
    }
}
