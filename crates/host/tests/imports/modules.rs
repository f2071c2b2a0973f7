//! The modules of a crate, and what each name in them stands for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, UseTree};

/// The path of a module from the crate's root.
pub type ModulePath = Vec<String>;

/// One module: a file, or a part of one.
#[derive(Default)]
pub struct Module {
    pub file: String,
    pub items: Vec<Item>,
    /// Names of what is defined here.
    defined: Vec<String>,
    /// Names of what is imported here, and the path of each.
    imported: BTreeMap<String, Vec<String>>,
    /// What is imported with all its names.
    globs: Vec<Vec<String>>,
}

/// What a path leads to.
#[derive(Debug)]
pub enum Target {
    Module(ModulePath),
    /// Something defined in this module, by its name.
    Item(ModulePath, String),
}

/// All modules of a crate, without those for tests.
#[derive(Default)]
pub struct Modules(pub BTreeMap<ModulePath, Module>);

impl Modules {
    pub fn read(source: &Path) -> Self {
        let mut modules = Self::default();
        modules.file(source, &source.join("lib.rs"), vec![]);
        modules
    }

    fn file(&mut self, source: &Path, file: &Path, path: ModulePath) {
        let text = fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(source).unwrap().display().to_string();
        self.module(source, name, syn::parse_file(&text).unwrap().items, path);
    }

    fn module(&mut self, source: &Path, name: String, items: Vec<Item>, path: ModulePath) {
        let mut module = Module { file: name.clone(), ..Module::default() };
        for item in items {
            if is_for_tests(attributes(&item)) {
                continue;
            }
            match item {
                Item::Mod(child) => {
                    let mut below = path.clone();
                    below.push(child.ident.to_string());
                    match child.content {
                        Some((_, items)) => self.module(source, name.clone(), items, below),
                        None => self.file(source, &file_of(source, &below), below),
                    }
                }
                Item::Use(item) => {
                    module.import(&item.tree, vec![]);
                    module.items.push(Item::Use(item));
                }
                item => {
                    module.defined.extend(name_of(&item));
                    module.items.push(item);
                }
            }
        }
        self.0.insert(path, module);
    }

    /// What `path` leads to, as it is written in the module `from`; none if it leads out of the crate.
    pub fn resolve(&self, from: &ModulePath, path: &[String]) -> Option<Target> {
        self.follow(from, path, 0)
    }

    fn follow(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<Target> {
        // Globs can lead round in a circle.
        if depth > 8 {
            return None;
        }
        let [first, rest @ ..] = path else { return Some(Target::Module(from.clone())) };
        match first.as_str() {
            "crate" => return self.follow(&vec![], rest, depth),
            "self" => return self.follow(from, rest, depth),
            "super" => return self.follow(&from.split_last()?.1.to_vec(), rest, depth),
            _ => {}
        }
        let module = self.0.get(from)?;
        let mut below = from.clone();
        below.push(first.clone());
        if self.0.contains_key(&below) {
            return self.follow(&below, rest, depth);
        }
        if module.defined.contains(first) {
            return Some(Target::Item(from.clone(), first.clone()));
        }
        if let Some(imported) = module.imported.get(first) {
            // `use tokio::time;` names another crate: so does what begins with itself.
            if imported.first() == Some(first) {
                return None;
            }
            return match self.follow(from, imported, depth + 1)? {
                Target::Module(module) => self.follow(&module, rest, depth + 1),
                item => Some(item),
            };
        }
        module.globs.iter().find_map(|glob| {
            let Target::Module(all) = self.follow(from, glob, depth + 1)? else { return None };
            if all == *from { None } else { self.follow(&all, path, depth + 1) }
        })
    }
}

impl Module {
    fn import(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.import(&part.tree, path);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, path.clone()));
            }
            UseTree::Glob(_) => self.globs.push(path),
            UseTree::Name(name) if name.ident == "self" => {
                self.imported.insert(path.last().unwrap().clone(), path);
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.imported.insert(name.ident.to_string(), path);
            }
            UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                self.imported.insert(rename.rename.to_string(), path);
            }
        }
    }
}

fn file_of(source: &Path, module: &ModulePath) -> PathBuf {
    let place = module.iter().fold(source.to_path_buf(), |place, part| place.join(part));
    let file = place.with_extension("rs");
    if file.exists() { file } else { place.join("mod.rs") }
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether it is there in tests only: these may import whatever they test with.
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|what| what.is_ident("test"))
    })
}
