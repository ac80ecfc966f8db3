//! Labels that give way to one another.

/// Moves labels of one height as little as possible, in sum of squares, so
/// that none overlaps another and all lie within `top..bottom`. Returns their
/// centres in the order given, or `None` if they have no room.
///
/// With the heights taken away this is isotonic regression, solved by pooling
/// adjacent violators.
pub(crate) fn spread(wanted: &[f64], height: f64, top: f64, bottom: f64) -> Option<Vec<f64>> {
    if wanted.len() as f64 * height > bottom - top {
        return None;
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &label) in order.iter().enumerate() {
        let mut pool = (wanted[label] - rank as f64 * height, 1);
        while let Some(&(mean, count)) = pools.last() {
            if mean < pool.0 {
                break;
            }
            let size = (count + pool.1) as f64;
            pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / size, count + pool.1);
            pools.pop();
        }
        pools.push(pool);
    }
    let lowest = top + height / 2.0;
    let highest = bottom - height / 2.0 - (wanted.len().max(1) - 1) as f64 * height;
    let places = pools.iter().flat_map(|(mean, count)| std::iter::repeat_n(*mean, *count));
    let mut centres = vec![0.0; wanted.len()];
    for (rank, (place, &label)) in places.zip(&order).enumerate() {
        centres[label] = place.clamp(lowest, highest) + rank as f64 * height;
    }
    Some(centres)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_do_not_meet_stay_where_they_are() {
        assert_eq!(spread(&[80.0, 20.0], 10.0, 0.0, 100.0), Some(vec![80.0, 20.0]));
    }

    #[test]
    fn labels_at_one_place_share_it_evenly() {
        assert_eq!(spread(&[50.0; 3], 10.0, 0.0, 100.0), Some(vec![40.0, 50.0, 60.0]));
        assert_eq!(spread(&[0.0; 3], 10.0, 0.0, 100.0), Some(vec![5.0, 15.0, 25.0]));
        assert_eq!(spread(&[0.0; 11], 10.0, 0.0, 100.0), None);
    }

    proptest! {
        #[test]
        fn labels_never_overlap_nor_leave(wanted in prop::collection::vec(-50.0..150.0_f64, 0..10)) {
            let mut centres = spread(&wanted, 10.0, 0.0, 100.0).unwrap();
            centres.sort_by(f64::total_cmp);
            prop_assert!(centres.iter().all(|y| (5.0 - 1e-6..=95.0 + 1e-6).contains(y)));
            prop_assert!(centres.windows(2).all(|pair| pair[1] - pair[0] >= 10.0 - 1e-6));
        }
    }
}
