/** What the way around says: it stands on every page, before the texts of the page itself have come. */
export const nav = {
  'page.quality': 'Chất lượng',
  'page.registry': 'Danh mục',
  'page.rules': 'Quy tắc',
  'nav.more': 'Thêm',
  'page.notices': 'Nơi nhận tin',
  'page.recipient': 'Trang của nơi nhận',
}
