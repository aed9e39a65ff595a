import logging

import httpx
from fastapi import FastAPI, Request
from sqlalchemy import create_engine, text

app = FastAPI()
log = logging.getLogger("fast")
database = create_engine("sqlite://")


@app.get("/item/{number}")
def item(number: int):
    with database.connect() as connection:
        connection.execute(text("SELECT 1"))
    log.info("item %d", number)
    return number


@app.get("/")
async def index(request: Request):
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{request.base_url}item/1")).json()
