//! `GET`, `POST` and `DELETE /api/orders`: everybody sees their own, ordering needs the scope `orders:write`, and deleting those of
//! everybody needs `orders:admin`, which nobody has here.
//!
//! Orders are kept in memory, so many of a person and of so many people. A person is issuer and subject together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use http::StatusCode;
use jotgate_guard::{Auth, Scoped, scope};
use serde::{Deserialize, Serialize};

use super::products;
use crate::refused::Refused;

scope!(pub(crate) OrdersWrite = "orders:write");
scope!(pub(crate) OrdersAdmin = "orders:admin");

/// Most orders that are kept of a person; with one more the oldest is forgotten.
const MOST_ORDERS: usize = 20;
/// Most people whose orders are kept.
const MOST_PEOPLE: usize = 10_000;
const MOST_ITEMS: usize = 20;
const MOST_OF_ONE: u32 = 99;

/// Issuer and subject.
type Person = (String, String);

/// Everybody's orders. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orders(Arc<Mutex<HashMap<Person, VecDeque<Order>>>>);

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Order {
    number: u64,
    items: Vec<Item>,
    /// In cents.
    total: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    product: String,
    quantity: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    items: Vec<Item>,
}

pub(crate) async fn get(State(orders): State<Orders>, auth: Auth) -> Json<Vec<Order>> {
    Json(orders.of(auth.user()))
}

pub(crate) async fn post(
    State(orders): State<Orders>,
    auth: Scoped<OrdersWrite>,
    new: Result<Json<NewOrder>, JsonRejection>,
) -> Result<(StatusCode, Json<Order>), Refused> {
    let Json(new) = new.map_err(|error| Refused::bad_request(&error.body_text()))?;
    let total = total(&new.items)?;
    let order = orders.place(auth.user(), new.items, total)?;
    Ok((StatusCode::CREATED, Json(order)))
}

pub(crate) async fn delete(State(orders): State<Orders>, _auth: Scoped<OrdersAdmin>) -> StatusCode {
    orders.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    StatusCode::NO_CONTENT
}

/// The price is the shop's and never the page's.
fn total(items: &[Item]) -> Result<u64, Refused> {
    if items.is_empty() || items.len() > MOST_ITEMS {
        return Err(Refused::bad_request("an order has 1 to 20 items"));
    }
    let price = |item: &Item| {
        let product = products::find(&item.product).ok_or_else(|| Refused::bad_request("there is no such product"))?;
        if !(1..=MOST_OF_ONE).contains(&item.quantity) {
            return Err(Refused::bad_request("a quantity is 1 to 99"));
        }
        Ok(u64::from(product.price) * u64::from(item.quantity))
    };
    items.iter().map(price).sum()
}

impl Orders {
    fn of(&self, (issuer, subject): (&str, &str)) -> Vec<Order> {
        let everybody = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = everybody.get(&(issuer.to_owned(), subject.to_owned()));
        mine.into_iter().flatten().rev().cloned().collect()
    }

    fn place(&self, (issuer, subject): (&str, &str), items: Vec<Item>, total: u64) -> Result<Order, Refused> {
        let mut everybody = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let person = (issuer.to_owned(), subject.to_owned());
        if everybody.len() >= MOST_PEOPLE && !everybody.contains_key(&person) {
            return Err(Refused::full());
        }
        let mine = everybody.entry(person).or_default();
        let order = Order { number: mine.back().map_or(1, |last| last.number + 1), items, total };
        if mine.len() == MOST_ORDERS {
            mine.pop_front();
        }
        mine.push_back(order.clone());
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(product: &str, quantity: u32) -> Item {
        Item { product: product.into(), quantity }
    }

    #[test]
    fn the_price_is_the_shops() {
        assert_eq!(total(&[item("boat", 2), item("mug", 1)]).unwrap(), 3600);
        for items in [vec![], vec![item("yacht", 1)], vec![item("boat", 0)], vec![item("boat", 100)]] {
            assert!(total(&items).is_err(), "{items:?}");
        }
        assert!(total(&vec![item("boat", 1); MOST_ITEMS + 1]).is_err());
    }

    #[test]
    fn people_see_their_own_orders_and_no_more_than_are_kept() {
        let orders = Orders::default();
        for _ in 0..=MOST_ORDERS {
            orders.place(("a", "1"), vec![item("boat", 1)], 900).unwrap();
        }
        // The same subject of another issuer is somebody else.
        orders.place(("b", "1"), vec![item("mug", 1)], 1800).unwrap();
        let mine = orders.of(("a", "1"));
        assert_eq!((mine.len(), mine[0].number, mine[MOST_ORDERS - 1].number), (MOST_ORDERS, 21, 2));
        assert_eq!(orders.of(("b", "1")).len(), 1);
        assert!(orders.of(("a", "2")).is_empty());
    }

    #[test]
    fn strangers_cannot_make_it_grow_without_end() {
        let orders = Orders::default();
        for subject in 0..MOST_PEOPLE {
            orders.place(("a", &subject.to_string()), vec![item("boat", 1)], 900).unwrap();
        }
        assert!(orders.place(("a", "new"), vec![item("boat", 1)], 900).is_err());
        assert!(orders.place(("a", "7"), vec![item("boat", 1)], 900).is_ok());
    }
}
