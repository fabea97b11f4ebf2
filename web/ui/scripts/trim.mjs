// What MapLibre's style sheet says about controls that this map has not: most of its weight is their pictures.
const UNUSED = /popup|geolocate|fullscreen|globe|terrain|shake|user-location|logo|compass|cooperative/

export function trim() {
  return {
    name: 'trim',
    transform(code, id) {
      if (!id.includes('maplibre-gl.css')) return null
      return {
        code: code.replace(/[^{}]+\{[^{}]*\}/g, (rule) => (UNUSED.test(selectorOf(rule)) ? '' : rule)),
        map: null,
      }
    },
    // Before the bundler makes a module of it.
    enforce: 'pre',
  }
}

function selectorOf(rule) {
  return rule.slice(0, rule.indexOf('{'))
}
