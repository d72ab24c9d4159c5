//! A set of numbers, stored as ranges: messages that arrive in order are one range, however many
//! there are.

use std::ops::Range;

/// A set of message numbers: sorted ranges that neither overlap nor touch.
#[derive(Debug, Default, Clone)]
pub struct RangeSet(Vec<Range<u64>>);

impl RangeSet {
    /// Adds a number, and returns whether it is new.
    pub fn insert(&mut self, number: u64) -> bool {
        // Nearly always the number follows the last one.
        if let Some(last) = self.0.last_mut()
            && last.end == number
        {
            last.end += 1;
            return true;
        }
        let index = self.0.partition_point(|range| range.end < number);
        match self.0.get_mut(index) {
            Some(range) if range.contains(&number) => return false,
            Some(range) if range.end == number => range.end += 1,
            _ => self.0.insert(index, number..number + 1),
        }
        if let [first, second] = self.0.get(index..index + 2).unwrap_or_default()
            && first.end == second.start
        {
            self.0[index].end = second.end;
            self.0.remove(index + 1);
        }
        true
    }

    /// Returns how many numbers the set contains.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Returns how many numbers both sets contain.
    pub fn intersection_len(&self, other: &Self) -> u64 {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut count = 0;
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (start, end) = (a.start.max(b.start), a.end.min(b.end));
            count += end.saturating_sub(start);
            if a.end < b.end {
                left.next();
            } else {
                right.next();
            }
        }
        count
    }
}

impl FromIterator<u64> for RangeSet {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut set = Self::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn consecutive_numbers_are_one_range() {
        let set = RangeSet::from_iter([0, 1, 2, 4, 5, 3, 6]);
        assert_eq!((set.0.len(), set.len()), (1, 7));
    }

    proptest! {
        #[test]
        fn behaves_like_hash_set(a: Vec<u8>, b: Vec<u8>) {
            let (mut ranges_a, mut set_a) = (RangeSet::default(), HashSet::new());
            for number in a.into_iter().map(u64::from) {
                prop_assert_eq!(ranges_a.insert(number), set_a.insert(number));
            }
            prop_assert_eq!(ranges_a.len(), set_a.len() as u64);
            prop_assert!(ranges_a.0.windows(2).all(|pair| pair[0].end < pair[1].start));
            let set_b: HashSet<_> = b.into_iter().map(u64::from).collect();
            let ranges_b = RangeSet::from_iter(set_b.iter().copied());
            let expected = set_a.intersection(&set_b).count() as u64;
            prop_assert_eq!(ranges_a.intersection_len(&ranges_b), expected);
        }
    }
}
