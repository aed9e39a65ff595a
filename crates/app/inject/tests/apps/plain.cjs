require('node:http')
  .createServer((request, response) => response.end('plain'))
  .listen(Number(process.env.PORT));
