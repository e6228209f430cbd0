"""Diagrams as SVG, for the reports of the benchmark and of the soak."""

import math

COLOURS = ("#888888", "#1f77b4", "#d62728")


def number(value):
    for unit, name in ((1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


class Logarithmic:
    """From half a power of ten to another."""

    def __init__(self, values):
        self.low = math.floor(math.log10(min(values)) * 2) / 2
        self.high = math.ceil(math.log10(max(values)) * 2) / 2
        if self.high <= self.low:
            self.high = self.low + 0.5

    def share(self, value):
        return (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self):
        for half in range(round(self.low * 2), round(self.high * 2) + 1):
            yield 10 ** (half / 2) if half % 2 == 0 \
                else 3 * 10 ** ((half - 1) / 2)


class Linear:
    """From nothing to a round number."""

    def __init__(self, values):
        rough = max(*values, 1e-9) / 4
        power = 10 ** math.floor(math.log10(rough))
        self.step = next(s * power for s in (1, 2, 2.5, 5, 10)
                         if s * power >= rough)
        self.high = math.ceil(max(values) / self.step) * self.step

    def share(self, value):
        return value / self.high

    def ticks(self):
        for i in range(round(self.high / self.step) + 1):
            yield i * self.step


class Panel:
    """One diagram."""

    WIDTH, HEIGHT = 330, 240

    def __init__(self, left, title, xlabel, ylabel, series, top=0,
                 x_scale=Logarithmic, y_scale=Logarithmic, spans=()):
        """@series: (name, colour, dashed, [(x, y), ...])
        @spans: (from, to) of x that are shaded."""
        self.left, self.top, self.spans = left, top + 40, spans
        self.title, self.xlabel, self.ylabel = title, xlabel, ylabel
        self.series = [s for s in series if s[3]]
        points = [p for s in self.series for p in s[3]]
        self.x_scale = x_scale([x for x, _ in points])
        self.y_scale = y_scale([y for _, y in points])
        # Where there are few, each is labelled, and has a dot.
        self.few = x_scale is Logarithmic
        self.xs = sorted({x for x, _ in points}) if self.few \
            else list(self.x_scale.ticks())

    def at(self, x, y):
        return (self.left + self.x_scale.share(x) * self.WIDTH,
                self.top + self.HEIGHT - self.y_scale.share(y) * self.HEIGHT)

    def svg(self):
        top, bottom = self.top, self.top + self.HEIGHT
        right = self.left + self.WIDTH
        out = []
        for begin, end in self.spans:
            x = self.left + self.x_scale.share(begin) * self.WIDTH
            width = self.x_scale.share(end - begin) * self.WIDTH
            out.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" '
                       f'height="{self.HEIGHT}" fill="#f6e3c0"/>')
        out += [f'<text x="{self.left}" y="{top - 18}" class="t">'
                f'{self.title}</text>',
                f'<rect x="{self.left}" y="{top}" width="{self.WIDTH}" '
                f'height="{self.HEIGHT}" class="f"/>',
                f'<text x="{(self.left + right) / 2}" y="{bottom + 36}" '
                f'text-anchor="middle">{self.xlabel}</text>',
                f'<text transform="translate({self.left - 48},'
                f'{top + self.HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
                f'{self.ylabel}</text>']
        for tick in self.y_scale.ticks():
            y = bottom - self.y_scale.share(tick) * self.HEIGHT
            if not top - 1 <= y <= bottom + 1:
                continue
            out += [f'<path d="M{self.left} {y:.1f}H{right}" class="g"/>',
                    f'<text x="{self.left - 6}" y="{y + 4:.1f}" '
                    f'text-anchor="end">{number(tick)}</text>']
        for x in self.xs:
            at = self.left + self.x_scale.share(x) * self.WIDTH
            out.append(f'<text x="{at:.1f}" y="{bottom + 18}" '
                       f'text-anchor="middle">{number(x)}</text>')
        # Many points leave no room for names: they stand above, to the right.
        above = right - sum(35 + 7 * len(s[0]) for s in self.series)
        for i, (name, colour, dashed, points) in enumerate(self.series):
            place = (self.left + 130,
                     bottom - 16 * (len(self.series) - i) + 4) if self.few \
                else (above, top - 22)
            above += 35 + 7 * len(name)
            out += self.line(name, colour, dashed, points, *place)
        return out

    def line(self, name, colour, dashed, points, x, y):
        style = f'stroke="{colour}"' + (
            ' stroke-dasharray="5 4"' if dashed else "") + (
            ' stroke-width="2"' if self.few else ' stroke-width="1.2"')
        places = [self.at(*p) for p in points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        dots = [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>'
                for a, b in places] if self.few else []
        return [f'<polyline points="{path}" class="l" {style}/>', *dots,
                f'<path d="M{x} {y}h22" class="l" {style}/>',
                f'<text x="{x + 28}" y="{y + 4}">{name}</text>']


def picture(panels, width, height, note=""):
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
             f'height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="12">',
             "<style>.t{font-size:14px;font-weight:bold}.f{fill:none;"
             "stroke:#444}.g{stroke:#ddd}.l{fill:none}"
             "</style>",
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for panel in panels:
        lines += panel.svg()
    if note:
        lines.append(f'<text x="70" y="{height - 12}">{note}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
