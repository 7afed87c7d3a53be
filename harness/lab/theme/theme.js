// The theme picker offers light and dark, and follows the system until one is chosen.
(function () {
    'use strict';
    for (const name of ['rust', 'navy', 'ayu']) {
        const button = document.getElementById('mdbook-theme-' + name);
        if (button && button.parentElement) {
            button.parentElement.remove();
        }
    }
    const dark = document.getElementById('mdbook-theme-coal');
    if (dark) {
        dark.textContent = 'Dark';
    }
    const system = document.getElementById('mdbook-theme-default_theme');
    if (system) {
        system.textContent = 'As the system';
    }
    // A theme remembered from another book on the same address must not leave this one without colours.
    const root = document.documentElement;
    if (!root.classList.contains('light') && !root.classList.contains('coal')) {
        root.classList.add(matchMedia('(prefers-color-scheme: dark)').matches ? 'coal' : 'light');
    }
})();
