/** A file that is imported for its text, such as an icon. */
module.exports = {
  process: text => ({ code: `module.exports = ${JSON.stringify(text)};` })
};
