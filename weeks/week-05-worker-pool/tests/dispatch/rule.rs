//! What must hold for whatever comes: seeded dice instead of a story.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use faults::seed::Dice;
use worker_pool::{Class, ClassId, Classes, Dispatch, Refusal};

const SEEDS: u64 = 300;

fn classes(dice: &mut Dice) -> Vec<Class> {
    let count = dice.between(2, 4);
    let class = |number| Class {
        name: format!("class-{number}"),
        weight: dice.between(1, 8) as u32,
        queue_max: dice.between(1, 6) as usize,
        running_max: dice.between(1, 3) as usize,
        budget: Duration::from_micros(dice.between(1, 1000)),
    };
    (0..count).map(class).collect()
}

/// What every queue has to be, and not who goes next: a list for each class.
struct Plain {
    class: Class,
    waiting: VecDeque<u64>,
    running: usize,
    refused: u64,
}

#[test]
fn no_task_is_lost_doubled_overtaken_within_its_class_or_let_in_beyond_a_bound() {
    for seed in 0..SEEDS {
        let mut dice = Dice::new(seed);
        let list = classes(&mut dice);
        let mut dispatch = Dispatch::new(&Classes::new(list.clone()).unwrap());
        let plain = |class| Plain { class, waiting: VecDeque::new(), running: 0, refused: 0 };
        let mut plain: Vec<Plain> = list.into_iter().map(plain).collect();
        let (now, closes_at) = (Instant::now(), dice.between(0, 1500));
        for step in 0..1000 {
            if step == closes_at {
                dispatch.close();
            }
            let at = dice.between(0, plain.len() as u64 - 1) as usize;
            let class = ClassId(at as u8);
            match dice.between(0, 2) {
                0 => {
                    let lane = &mut plain[at];
                    let expected = match (step < closes_at, lane.waiting.len() < lane.class.queue_max) {
                        (false, _) => Err((step, Refusal::Closed)),
                        (true, false) => Err((step, Refusal::Full(lane.class.queue_max))),
                        (true, true) => Ok(()),
                    };
                    match expected {
                        Ok(()) => lane.waiting.push_back(step),
                        Err((_, Refusal::Full(_))) => lane.refused += 1,
                        Err(_) => {}
                    }
                    let got = dispatch.offer(step, class, now).map_err(|back| (back.task, back.why));
                    assert_eq!(got, expected, "seed {seed}, step {step}");
                }
                1 => match dispatch.take() {
                    Some(taken) => {
                        let lane = &mut plain[usize::from(taken.class.0)];
                        assert_eq!(lane.waiting.pop_front(), Some(taken.task), "seed {seed}, step {step}");
                        lane.running += 1;
                        assert!(lane.running <= lane.class.running_max, "seed {seed}, step {step}");
                    }
                    None => {
                        let may =
                            |lane: &Plain| !lane.waiting.is_empty() && lane.running < lane.class.running_max;
                        assert!(!plain.iter().any(may), "seed {seed}, step {step}: a worker goes idle");
                    }
                },
                _ if plain[at].running > 0 => {
                    // Now and then one that took three times its budget.
                    let ran = dice.up_to(plain[at].class.budget * 3);
                    dispatch.finished(class, ran);
                    plain[at].running -= 1;
                }
                _ => {}
            }
            let depths = dispatch.depths().map(|depth| (depth.waiting, depth.running, depth.refused));
            let expected = plain.iter().map(|lane| (lane.waiting.len(), lane.running, lane.refused));
            assert!(depths.eq(expected), "seed {seed}, step {step}");
        }
        let left: usize = plain.iter().map(|lane| lane.waiting.len()).sum();
        assert_eq!((dispatch.waiting(), dispatch.clear().len(), dispatch.waiting()), (left, left, 0));
    }
}

/// Workers that always have something of every class to choose from. Says after each choice which class it was, and what
/// each class has had by then, over its weight, in nanoseconds; what runs counts with all that it will take.
fn crowded(dice: &mut Dice, workers: usize, steps: usize, mut look: impl FnMut(usize, &[f64], &[Class])) {
    let mut list = classes(dice);
    for class in &mut list {
        (class.queue_max, class.running_max) = (4, usize::MAX);
    }
    let mut dispatch = Dispatch::new(&Classes::new(list.clone()).unwrap());
    let now = Instant::now();
    let refill = |dispatch: &mut Dispatch<()>| {
        for class in 0..list.len() {
            while dispatch.offer((), ClassId(class as u8), now).is_ok() {}
        }
    };
    let mut had = vec![0.0; list.len()];
    // What runs, by the moment at which it ends.
    let mut running: Vec<(Duration, ClassId, Duration)> = Vec::new();
    let mut clock = Duration::ZERO;
    for _ in 0..steps {
        refill(&mut dispatch);
        if running.len() == workers {
            let first = (0..running.len()).min_by_key(|&at| running[at].0).unwrap();
            let (ends, class, ran) = running.swap_remove(first);
            clock = ends;
            dispatch.finished(class, ran);
        }
        let taken = dispatch.take().unwrap();
        let at = usize::from(taken.class.0);
        let ran = dice.up_to(list[at].budget).max(list[at].budget / 10);
        running.push((clock + ran, taken.class, ran));
        had[at] += ran.as_nanos() as f64 / f64::from(list[at].weight);
        look(at, &had, &list);
    }
}

/// The most that one task may add to what its class has had.
fn most(class: &Class) -> f64 {
    class.budget.as_nanos() as f64 / f64::from(class.weight)
}

#[test]
fn classes_that_want_all_they_can_get_have_it_by_their_weights_up_to_a_budget_for_each_worker() {
    for seed in 0..SEEDS {
        let mut dice = Dice::new(seed);
        let workers = dice.between(1, 4) as usize;
        let mut step = 0;
        crowded(&mut dice, workers, 2000, |_, had, classes| {
            step += 1;
            let bound = workers as f64 * classes.iter().map(most).fold(0.0, f64::max);
            let least = had.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = had.iter().copied().fold(0.0, f64::max);
            assert!(
                greatest - least <= bound,
                "seed {seed}, step {step}, {workers} workers: {had:?}, {bound}"
            );
        });
    }
}

#[test]
fn a_class_that_waits_is_passed_over_a_bounded_number_of_times() {
    for seed in 0..SEEDS {
        let mut dice = Dice::new(seed);
        let workers = dice.between(1, 4) as usize;
        let mut passed_over = [0_u64; 4];
        crowded(&mut dice, workers, 2000, |chosen, _, classes| {
            for (at, passed) in passed_over.iter_mut().enumerate().take(classes.len()) {
                *passed = if at == chosen { 0 } else { *passed + 1 };
                // Each task takes a tenth of its budget at least. So this many of the others cost more than the lead that
                // they can have.
                let lead = workers as f64 * classes.iter().map(most).fold(0.0, f64::max);
                let others = classes.iter().enumerate().filter(|(other, _)| *other != at);
                let bound: f64 = others.map(|(_, other)| 2.0 * lead / (most(other) / 10.0) + 1.0).sum();
                assert!(*passed as f64 <= bound, "seed {seed}: class {at} was passed over {passed} times");
            }
        });
    }
}
