/** Texts of the timeline. */
export const playback = {
  'playback.label': 'Dòng thời gian',
  'playback.enter': 'Xem lại',
  'playback.play': 'Phát (phím cách)',
  'playback.pause': 'Dừng (phím cách)',
  'playback.back': 'Lùi 1 giờ',
  'playback.forth': 'Tới 1 giờ',
  'playback.speed': 'Tốc độ phát',
  'playback.time': 'Thời điểm trong 30 ngày qua',
  'playback.live': 'Trực tiếp',
  'playback.return': 'Về hiện tại',
  'playback.band': 'Đang xem lại',
  'playback.band_hint': 'không phải số liệu hiện tại',
  'playback.no_alerts': 'Lúc đó không có cảnh báo nào đang mở.',
  'playback.waiting': 'Đang tải…',
  'playback.failed': 'Không tải được, đang thử lại',
  'playback.more_alerts': 'Chỉ hiện 1.000 cảnh báo mới nhất',
}
