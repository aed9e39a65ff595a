import express from 'express';

const app = express();
app.get('/item/:number', (request, response) => response.send(request.params.number));
app.get('/', async (request, response) => {
  const answer = await fetch(`http://${request.headers.host}/item/1`);
  response.send(await answer.text());
});
app.listen(Number(process.env.PORT));
