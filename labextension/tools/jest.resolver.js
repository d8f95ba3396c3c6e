const { join, sep } = require('path');

const sources = join(__dirname, '..', 'src') + sep;

/** Packages that the sources name are taken from here, so that tests and sources share one React. */
module.exports = (request, options) => {
  const named = !/^[./]/.test(request);
  const basedir = named && (options.basedir + sep).startsWith(sources) ? __dirname : options.basedir;
  return options.defaultResolver(request, { ...options, basedir });
};
