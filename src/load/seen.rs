//! Which of the numbered messages have come: a set of numbers, kept as ranges. What comes in
//! order is one range, however much it is.

use std::ops::Range;

/// A set of message numbers.
#[derive(Debug, Default, Clone)]
pub struct Seen(Vec<Range<u64>>);

impl Seen {
    /// Adds a number, and returns whether it is new.
    pub fn insert(&mut self, number: u64) -> bool {
        // Nearly always the number comes right behind the last one.
        if let Some(last) = self.0.last_mut()
            && last.end == number
        {
            last.end += 1;
            return true;
        }
        let after = self.0.partition_point(|range| range.end < number);
        match self.0.get_mut(after) {
            Some(range) if range.contains(&number) => return false,
            Some(range) if range.end == number => range.end += 1,
            _ => self.0.insert(after, number..number + 1),
        }
        if let [first, second] = self.0.get(after..after + 2).unwrap_or_default()
            && first.end == second.start
        {
            self.0[after].end = second.end;
            self.0.remove(after + 1);
        }
        true
    }

    /// How many numbers are in it.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers are in both.
    pub fn shared(&self, other: &Self) -> u64 {
        let (mut own, mut others) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut count = 0;
        while let (Some(a), Some(b)) = (own.peek(), others.peek()) {
            let (start, end) = (a.start.max(b.start), a.end.min(b.end));
            count += end.saturating_sub(start);
            if a.end < b.end {
                own.next();
            } else {
                others.next();
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn seen(numbers: &[u64]) -> Seen {
        let mut seen = Seen::default();
        for &number in numbers {
            seen.insert(number);
        }
        seen
    }

    #[test]
    fn what_is_in_order_is_one_range() {
        let in_order = seen(&[0, 1, 2, 4, 5, 3, 6]);
        assert_eq!((in_order.0.len(), in_order.len()), (1, 7));
    }

    proptest! {
        #[test]
        fn it_is_a_set(a: Vec<u8>, b: Vec<u8>) {
            let widen = |numbers: Vec<u8>| -> Vec<u64> {
                numbers.into_iter().map(u64::from).collect()
            };
            let (a, b) = (widen(a), widen(b));
            let (mut seen_a, mut set_a) = (Seen::default(), HashSet::new());
            for &number in &a {
                prop_assert_eq!(seen_a.insert(number), set_a.insert(number));
            }
            prop_assert_eq!(seen_a.len(), set_a.len() as u64);
            prop_assert!(seen_a.0.windows(2).all(|pair| pair[0].end < pair[1].start));
            let set_b: HashSet<_> = b.iter().copied().collect();
            let shared = set_a.intersection(&set_b).count() as u64;
            prop_assert_eq!(seen_a.shared(&seen(&b)), shared);
        }
    }
}
