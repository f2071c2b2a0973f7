//! Which file imports which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::path::Path;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::modules::{Modules, Target};
use crate::paths::paths;

/// Which file imports which, and what of it.
pub struct Graph(BTreeMap<(String, String), BTreeSet<String>>);

impl Graph {
    /// Reads the crate whose `lib.rs` lies in `source`.
    pub fn read(source: &Path) -> Self {
        let modules = Modules::read(source);
        let mut graph = Graph(BTreeMap::new());
        for (at, module) in &modules.0 {
            for path in module.items.iter().flat_map(paths).filter(|path| !path.is_empty()) {
                let (defined, name) = match modules.resolve(at, &path) {
                    // A single name may as well be a variable's.
                    Some(Target::Module(place)) if path.len() > 1 => (place, path.join("::")),
                    Some(Target::Item(place, name)) => (place, name),
                    _ => continue,
                };
                let to = &modules.0[&defined].file;
                if *to != module.file {
                    let edge = (module.file.clone(), to.clone());
                    graph.0.entry(edge).or_default().insert(name);
                }
            }
        }
        graph
    }

    /// How many imports there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The imports among files that import each other, directly or not; empty if there are none.
    pub fn circles(&self) -> String {
        let edges = self.0.keys().map(|(from, to)| (from.as_str(), to.as_str()));
        let graph: DiGraphMap<&str, ()> = DiGraphMap::from_edges(edges);
        let mut circles: Vec<Vec<&str>> = tarjan_scc(&graph);
        circles.retain(|files| files.len() > 1);
        circles.sort();
        let mut text = String::new();
        for files in circles {
            for ((from, to), what) in &self.0 {
                if files.contains(&from.as_str()) && files.contains(&to.as_str()) {
                    let what = what.iter().cloned().collect::<Vec<_>>().join(", ");
                    // Writing to a String cannot fail.
                    let _ = writeln!(text, "  {from} -> {to} ({what})");
                }
            }
        }
        text
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (from, to) in self.0.keys() {
            files.entry(from).or_default().push(to);
        }
        files.iter().try_for_each(|(from, to)| writeln!(formatter, "  {from} -> {}", to.join(", ")))
    }
}
