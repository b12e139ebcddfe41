//! `GET /api/products`: what there is to buy, for everybody.

use axum::Json;
use serde::Serialize;

/// Something to buy. The page has a drawing for each `id`.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Product {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    line: &'static str,
    /// In cents.
    pub(crate) price: u32,
}

const fn product(id: &'static str, name: &'static str, line: &'static str, price: u32) -> Product {
    Product { id, name, line, price }
}

const PRODUCTS: [Product; 8] = [
    product("boat", "Paper boat", "Folded by hand, waxed, sails for an afternoon", 900),
    product("lantern", "Quay lantern", "Warm light for the last hour outside", 5400),
    product("mug", "Enamel mug", "Dented by the second week, loved by the third", 1800),
    product("notebook", "Field notebook", "Dot grid, sewn, lies flat on a railing", 1400),
    product("umbrella", "Umbrella", "Eight ribs of ash, turns inside out for nobody", 6200),
    product("compass", "Compass", "Brass, oil-damped, older than your telephone", 4800),
    product("ink", "Harbour ink", "Blue-black, dries before the tram comes", 1600),
    product("tote", "Canvas tote", "Carries a week of groceries or one wet dog", 2400),
];

pub(crate) async fn get() -> Json<[Product; 8]> {
    Json(PRODUCTS)
}

pub(crate) fn find(id: &str) -> Option<Product> {
    PRODUCTS.into_iter().find(|product| product.id == id)
}
