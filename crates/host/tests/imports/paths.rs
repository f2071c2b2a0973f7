//! The paths that a piece of source names: in imports, in code, and within macros.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{ImplItem, Item, ItemUse, Macro, Path, UseTree, Visibility};

use crate::modules::is_for_tests;

/// The paths that `item` names.
pub fn paths(item: &Item) -> Vec<Vec<String>> {
    let mut found = Paths(vec![]);
    found.visit_item(item);
    found.0
}

struct Paths(Vec<Vec<String>>);

impl Visit<'_> for Paths {
    fn visit_item_use(&mut self, item: &ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.tree(&item.tree, vec![]);
        }
    }

    /// `pub(crate)` imports nothing.
    fn visit_visibility(&mut self, _: &Visibility) {}

    fn visit_impl_item(&mut self, item: &ImplItem) {
        match item {
            ImplItem::Fn(method) if is_for_tests(&method.attrs) => {}
            item => syn::visit::visit_impl_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &Path) {
        if path.leading_colon.is_none() {
            self.0.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, of: &Macro) {
        self.visit_path(&of.path);
        self.tokens(of.tokens.clone());
    }
}

impl Paths {
    fn tree(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.tree(&part.tree, path);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(tree, path.clone()));
            }
            // What is used of it is named where it is used.
            UseTree::Glob(_) => {}
            UseTree::Name(name) if name.ident == "self" => self.0.push(path),
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.0.push(path);
            }
            UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                self.0.push(path);
            }
        }
    }

    /// What a macro is given is no syntax yet: names with `::` between them are paths.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = vec![];
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.0.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.0.push(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.0.push(path);
    }
}
