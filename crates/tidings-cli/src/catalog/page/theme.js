try {
  const theme = localStorage.getItem('tidings-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch { /* A page from a file may have no storage. */ }
