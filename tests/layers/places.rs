//! Rendezvous hashing: even, and only what has to move does.

use mtaio::cache::Rendezvous;

fn keys(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("people:v1:user-{number}"))
}

fn first<'a>(places: &'a Rendezvous, key: &str) -> &'a str {
    places.name(places.pick(key.as_bytes()).first())
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("cache-{number}.example.org:6379")).collect()
}

fn over(names: &[String], replication: usize) -> Rendezvous {
    let names = names.iter().map(String::as_str);
    Rendezvous::new(names, replication).expect("it makes sense")
}

/// How many of `keys` each node has first, at the least and at the most.
fn spread(places: &Rendezvous, count: usize) -> (usize, usize) {
    let mut counts = vec![0; places.nodes()];
    keys(count).for_each(|key| counts[places.pick(key.as_bytes()).first()] += 1);
    (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0))
}

#[test]
fn keys_are_spread_evenly() {
    let within = |nodes: usize, percent: usize| {
        let even = 100_000 / nodes;
        let (least, most) = spread(&over(&numbered(nodes), 1), 100_000);
        let allowed = even * percent / 100;
        assert!(even - least <= allowed && most - even <= allowed, "{nodes}: {least} to {most}");
    };
    within(3, 5);
    within(10, 10);
    within(100, 25);
}

#[test]
fn any_three_names_are_even() {
    for set in 0..20 {
        let names = (0..3).map(|node| format!("set-{set}-node-{node}")).collect::<Vec<_>>();
        let (least, most) = spread(&over(&names, 1), 30_000);
        assert!(least >= 9_500 && most <= 10_500, "{names:?}: {least} to {most}");
    }
}

#[test]
fn who_leaves_moves_its_own_keys_only() {
    // From one that is looked up in a table to one that is not, too.
    for nodes in [3, 7, 12] {
        let names = numbered(nodes);
        let all = over(&names, 3);
        for left_out in [0, nodes / 2, nodes - 1] {
            let mut others = names.clone();
            let gone = others.remove(left_out);
            let rest = over(&others, 2);
            let mut moved = 0;
            for key in keys(5_000) {
                let picked = all.pick(key.as_bytes());
                let left = picked.iter().map(|node| all.name(node)).filter(|name| *name != gone);
                let now = rest.pick(key.as_bytes());
                let now = now.iter().map(|node| rest.name(node).to_owned()).collect::<Vec<_>>();
                // Who is left of the three comes first, in the same order.
                assert!(left.take(2).eq(now.iter().map(String::as_str)), "{key}");
                moved += usize::from(first(&all, &key) == gone);
            }
            let even = 5_000 / nodes;
            assert!(moved > even / 2 && moved < even * 2, "{moved} of {nodes} nodes");
        }
    }
}

#[test]
fn the_order_of_the_names_makes_no_difference() {
    for nodes in [3, 9] {
        let mut names = numbered(nodes);
        let forth = over(&names, 3);
        names.reverse();
        let back = over(&names, 3);
        for key in keys(1_000) {
            let (one, other) = (forth.pick(key.as_bytes()), back.pick(key.as_bytes()));
            let one = one.iter().map(|node| forth.name(node)).collect::<Vec<_>>();
            assert!(other.iter().map(|node| back.name(node)).eq(one), "{key}");
        }
    }
}

/// Services of different releases share nodes: these never change.
#[test]
fn places_are_the_same_in_every_release() {
    let few = Rendezvous::new(["ada", "bob", "eve"], 3).expect("it makes sense");
    let many = over(&numbered(10), 3);
    let places = |places: &Rendezvous, key: &str| {
        let picked = places.pick(key.as_bytes());
        picked.iter().map(|node| node.to_string()).collect::<Vec<_>>().join("")
    };
    let seen = ["", "a", "user:42", "mtaio:v1:some longer key, of more than 32 bytes"]
        .map(|key| (places(&few, key), places(&many, key)));
    let expected = PINNED.map(|(few, many)| (few.to_owned(), many.to_owned()));
    assert_eq!(seen, expected);
}

const PINNED: [(&str, &str); 4] = [("012", "251"), ("021", "542"), ("210", "014"), ("210", "078")];
