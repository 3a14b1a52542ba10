"""A flow as a picture: `cards` says what is drawn, the others draw it in a terminal, as Mermaid and as SVG."""
