//! How long clients had to wait.

/// The longest time without an acknowledged write between a fault and `until`: where it begins and
/// ends. `acknowledged` are the moments of acknowledgements, ascending.
pub fn longest(acknowledged: &[u64], fault_at: u64, until: u64) -> (u64, u64) {
    let first = acknowledged.partition_point(|moment| *moment < fault_at);
    let after = acknowledged[first..].iter().copied().take_while(|moment| *moment < until);
    let mut longest = (fault_at, fault_at);
    let mut last = fault_at;
    for moment in after.chain([until]) {
        if moment - last > longest.1 - longest.0 {
            longest = (last, moment);
        }
        last = moment;
    }
    longest
}

/// The middle one, or the mean of the two in the middle; 0 of nothing.
pub fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    match values.len() {
        0 => 0,
        n => (values[(n - 1) / 2] + values[n / 2]) / 2,
    }
}

/// The smallest of `ascending` that this many of 100 do not exceed; 0 of nothing.
pub fn rank(ascending: &[u64], percent: usize) -> u64 {
    let at = (ascending.len() * percent).div_ceil(100).max(1) - 1;
    ascending.get(at).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_begins_with_the_kill_or_later() {
        assert_eq!(longest(&[80, 90, 150, 160, 170], 100, 180), (100, 150));
        assert_eq!(longest(&[90, 101, 160, 165], 100, 170), (101, 160));
    }

    #[test]
    fn without_an_acknowledgement_it_lasts_to_the_end() {
        assert_eq!(longest(&[90], 100, 500), (100, 500));
    }

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(median(vec![]), 0);
        assert_eq!(median(vec![3, 1, 2]), 2);
        assert_eq!(median(vec![4, 1, 2, 3]), 2);
    }

    #[test]
    fn ranks_are_those_of_the_sorted_values() {
        let many: Vec<u64> = (1..=200).collect();
        assert_eq!([50, 99, 100].map(|percent| rank(&many, percent)), [100, 198, 200]);
        assert_eq!([50, 99, 100].map(|percent| rank(&[7], percent)), [7, 7, 7]);
        assert_eq!(rank(&[], 100), 0);
    }
}
